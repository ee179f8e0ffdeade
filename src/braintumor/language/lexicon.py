"""Words of a language that the checks understand: terms with a meaning, and the other words an answer may use."""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from braintumor.explanation.languages import LANGUAGES

_FOLDER: Final = Path(__file__).with_name("lexicons")
# Variants of one letter on Arabic and Urdu keyboards, and of punctuation.
_VARIANTS: Final = str.maketrans(
    {"ى": "ي", "ی": "ي", "ئ": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ۂ": "ه", "ة": "ه", "ۃ": "ه", "ے": "ي", "ٱ": "ا",
     "ـ": "", "٪": "%", "٫": ".", "٬": ",", "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "−": "-", "\u200c": " ",
     "\u200d": "", "\u200e": "", "\u200f": "", "۔": ".", "؟": "?", "،": ",", "؛": ";"}
)  # fmt: skip
_ARABIC_PREFIX: Final = "(?:[وف]?(?:ال|لل|بال|كال|ب|ل|ك)?)"
_NOT: Final = re.compile(r"n't\b|\bcannot\b")
WORD: Final = re.compile(r"[^\W\d_]+")


def normalize(text: str) -> str:
    """Return text as the checks compare it: lower case, without accents, with Western digits and punctuation."""
    text = unicodedata.normalize("NFKC", text).translate(_VARIANTS).casefold()
    letters = (each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each) != "Mn")
    digits = (str(unicodedata.decimal(each)) if each.isdecimal() else each for each in letters)
    return _NOT.sub(" not ", "".join(digits).translate(_VARIANTS))


@dataclass(frozen=True)
class Lexicon:
    """The terms of one language.

    Attributes
    ----------
    terms : dict of str to pattern
        What each concept is called, such as `tumor`, `negation`, `plane.axial`.
    single_negations : pattern
        Two words that negate once, such as `ne ... pas`.
    separators : pattern
        Where a clause ends.
    vocabulary : pattern
        A word that an answer may use: the words of the terms, but for `forbidden` and `question`, and plain others.
    messages : dict of str to str
        What the page says about an answer.
    """

    language: str
    terms: Mapping[str, re.Pattern[str]]
    single_negations: re.Pattern[str]
    separators: re.Pattern[str]
    vocabulary: re.Pattern[str]
    messages: Mapping[str, str]

    def has(self, concept: str, text: str) -> bool:
        """Return whether a normalized text names a concept."""
        return self.terms[concept].search(text) is not None

    def members(self, group: str, text: str) -> set[str]:
        """Return the concepts of a group that a normalized text names, such as `axial` of the group `plane`."""
        prefix = f"{group}."
        return {
            name.removeprefix(prefix)
            for name, term in self.terms.items()
            if name.startswith(prefix) and term.search(text)
        }

    def unknown_words(self, text: str) -> list[str]:
        """Return the words of a normalized text that are not in the vocabulary."""
        return [word for word in WORD.findall(text) if not self.vocabulary.fullmatch(word)]

    def clauses(self, text: str) -> list[str]:
        """Split a normalized sentence into clauses."""
        return [clause for clause in self.separators.split(text) if clause.strip()]


@cache
def load_lexicon(language: str) -> Lexicon:
    """Return the lexicon of a language of the explanations.

    Raises
    ------
    ValueError
        There are no explanations in this language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"There is no lexicon for the language {language!r}. Choose one of: {', '.join(LANGUAGES)}.")
    content = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    concepts = dict(_flatten(content["terms"]))
    words = [*content["words"].split(), *" ".join(content["conjunctions"]).split(), *_allowed_words(concepts)]
    joined = "|".join(rf"\b{re.escape(normalize(word))}\b" for word in content["conjunctions"])
    return Lexicon(
        language,
        {name: _compile(phrases, language) for name, phrases in concepts.items()},
        re.compile("|".join(content.get("single_negations", ["(?!)"]))),
        re.compile(rf"[;:()!?]|[,.](?!\d)|\s[-–—]\s|{joined}"),
        _compile(words, language),
        content["messages"],
    )


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, list[str]]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, [phrase.strip() for phrase in value.split(",") if phrase.strip()]


def _allowed_words(concepts: Mapping[str, list[str]]) -> Iterable[str]:
    for name, phrases in concepts.items():
        if not name.startswith(("forbidden.", "question.")):
            yield from (word for phrase in phrases for word in phrase.split() if "*" not in word)


def _compile(phrases: Collection[str], language: str) -> re.Pattern[str]:
    """Compile phrases, in which `*` stands for any letters."""
    prefix = _ARABIC_PREFIX if language == "ar" else ""
    if not phrases:
        return re.compile("(?!)")
    patterns = {r"[\s-]+".join(_word_pattern(word) for word in phrase.split()) for phrase in phrases}
    return re.compile(rf"(?<!\w){prefix}(?:{'|'.join(sorted(patterns, key=len, reverse=True))})(?!\w)")


def _word_pattern(word: str) -> str:
    return re.escape(normalize(word)).replace(r"\*", r"\w*")
