"""Check that every number of a sentence is a figure of the reading, in its unit and about the same thing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from braintumor.language.allowed_numbers import AllowedNumber, Unit
from braintumor.language.lexicon import Lexicon

_NUMBER: Final = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_RANGE: Final = re.compile(r"\s*(?:-|–|to|and|bis|und|a|et|y|الي|و|تا|سي|اور)\s*")
# Where another topic is named too, these do not say what a number belongs to.
_GENERAL: Final = ("probability", "share", "slices", "diameter", "training")
# What a share or score belongs to where nothing is named.
_PRIMARY: Final = frozenset({"probability"})
# Units as they are written: unit of the figures, and factor to it.
_UNITS: Final[dict[str, tuple[Unit, float]]] = {
    "percent": ("share", 0.01), "mm": ("mm", 1.0), "cm": ("mm", 10.0), "mmsq": ("mm2", 1.0), "cmsq": ("mm2", 100.0),
    "ml": ("ml", 1.0), "px": ("px", 1.0),
}  # fmt: skip
_SIZE_UNITS: Final = frozenset(_UNITS) - {"percent"}


@dataclass(frozen=True, slots=True)
class _WrittenNumber:
    """A number as it is written: its digits, its unit, and what it is about."""

    digits: str
    unit: str
    topics: frozenset[str]


def has_only_allowed_numbers(text: str, lexicon: Lexicon, numbers: Sequence[AllowedNumber], version: str) -> bool:
    """Return whether all numbers of a normalized sentence are figures of the reading.

    Parameters
    ----------
    version : str
        Name of the model, which may contain digits.
    """
    text = re.sub(rf"(?<!\w){re.escape(version.casefold())}(?!\w)", " ", text)
    text = _mark_units(text, lexicon)
    written = list(_find_numbers(text, lexicon))
    if len(re.findall(r"\d", text)) != sum(len(re.findall(r"\d", each.digits)) for each in written):
        return False  # digits that are not a number by themselves, such as T1 or 3rd
    sizes = [each.digits for each in written if each.unit in _SIZE_UNITS]
    if len(sizes) > len(set(sizes)):
        return False  # one length given as several
    return all(any(_matches(each, number) for number in numbers) for each in written)


def _mark_units(text: str, lexicon: Lexicon) -> str:
    """Write the unit after each number as `@mm`, without a digit of its own."""
    text = re.sub(r"(?<=\d)\s*%", " @percent ", text)
    for name in ("mm2", "cm2", "mm", "cm", "ml", "px", "percent"):
        # The boundary before a word is dropped: a unit may touch its number.
        term = lexicon.terms[f"unit.{name}"].pattern.removeprefix(r"(?<!\w)")
        text = re.sub(rf"(?<=\d)\s*-?{term}", f" @{name.replace('2', 'sq')} ", text)
    return text


def _find_numbers(text: str, lexicon: Lexicon) -> Iterator[_WrittenNumber]:
    overall = _topics(text, lexicon)
    classes = lexicon.members("class", text)
    for clause in lexicon.clauses(text):
        matches = list(_NUMBER.finditer(clause))
        ends = [0, *(match.end() for match in matches)]
        starts = [*(match.start() for match in matches), len(clause)]
        segments = [clause[start:end] for start, end in zip(ends, starts, strict=True)]
        units = [_unit(segment) for segment in segments[1:]]
        for number, match in enumerate(matches):
            is_range = number + 1 < len(matches) and not units[number] and _RANGE.fullmatch(segments[number + 1])
            unit = units[number + 1] if is_range else units[number]
            is_bound = lexicon.has("above", clause) or lexicon.has("below", clause)
            if is_bound and not lexicon.has("topic.threshold", clause):
                unit = "?"  # "more than 12 mm" is another number
            nearby = (segments[number], segments[number + 1], clause)
            about = next((topics for topics in (_topics(part, lexicon) for part in nearby) if topics), overall)
            if about is overall and len(classes) > 1:
                about = {"?"}
            elif about == {"probability"} and lexicon.members("class", clause):
                about = lexicon.members("class", clause)  # "a probability of 92% for meningioma"
            elif about == {"probability"} and len(classes) == 1 and not lexicon.has("tumor", clause):
                about = about | classes  # "meningioma, with a probability of 92%"
            yield _WrittenNumber(match.group(), unit, frozenset(about))


def _unit(segment: str) -> str:
    unit = re.match(r"\s*@(\w+)", segment)
    return unit.group(1) if unit else ""


def _topics(text: str, lexicon: Lexicon) -> set[str]:
    """Return what a text is about: names of `topic` and `class` in the lexicon, and `notumor`."""
    topics = lexicon.members("topic", text) | lexicon.members("class", text)
    if lexicon.has("tumor", text) and lexicon.has("negation", text):
        topics.add("notumor")
    for general in _GENERAL:
        if topics - {general, "notumor"}:
            topics.discard(general)
    return topics


def _matches(written: _WrittenNumber, number: AllowedNumber) -> bool:
    if written.unit == "?":
        return False
    unit, factor = _UNITS.get(written.unit, (number.unit, 1.0))
    # Other units belong to one topic only.
    if unit in ("share", "count", "score") and not (written.topics or _PRIMARY) & number.topics:
        return False
    if written.unit:
        return unit == number.unit and _is_rounded(written.digits, number.value / factor)
    if number.unit == "count":
        digits = re.sub(r"[.,]", "", written.digits) if _THOUSANDS.fullmatch(written.digits) else written.digits
        return digits.isdecimal() and int(digits) == number.value
    # A share without its sign is written with decimals: 0.97.
    has_decimals = not written.digits.isdecimal()
    return number.unit in ("share", "score") and has_decimals and _is_rounded(written.digits, number.value)


def _is_rounded(digits: str, value: float) -> bool:
    """Return whether digits are a value rounded to as many decimals."""
    whole, _, decimals = digits.replace(",", ".").partition(".")
    if "." in decimals:
        return False
    return abs(float(f"{whole}.{decimals or 0}") - value) <= 0.5 * 10.0 ** -len(decimals) + 1e-6
