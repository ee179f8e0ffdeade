"""Languages of the explanations: gettext catalogues, writing direction, and how numbers are written."""

import gettext
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "locale"
DOMAIN: Final = "explanation"
NO_BREAK_SPACE: Final = "\u00a0"


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes
    ----------
    code : str
        ISO 639-1.
    name : str
        In the language itself.
    english_name : str
        For the instructions to a language model.
    direction : str
        `ltr` or `rtl`.
    decimal : str
        Decimal separator. Arabic and Urdu texts keep Western digits and the point, as scans and reports do.
    percent : str
        What follows a number of percent.
    comma : str
        What separates items of a list.
    colon : str
        What follows a title on the same line.
    """

    code: str
    name: str
    english_name: str
    direction: str = "ltr"
    decimal: str = "."
    percent: str = "%"
    comma: str = ", "
    colon: str = ": "


LANGUAGES: Final[Mapping[str, Language]] = {
    language.code: language
    for language in (
        Language("en", "English", "English"),
        Language("de", "Deutsch", "German", decimal=",", percent=f"{NO_BREAK_SPACE}%"),
        Language("fr", "Français", "French", decimal=",", percent=f"{NO_BREAK_SPACE}%", colon=f"{NO_BREAK_SPACE}: "),
        Language("es", "Español", "Spanish", decimal=",", percent=f"{NO_BREAK_SPACE}%"),
        Language("ar", "العربية", "Modern Standard Arabic", "rtl", comma="، "),
        Language("ur", "اردو", "Urdu", "rtl", comma="، "),
    )
}
DEFAULT_LANGUAGE: Final = "en"


def mark(message: str) -> str:
    """Mark a message for the catalogues; it is translated where it is used."""
    return message


class Translator:
    """Translates messages into one language, and writes numbers as it does."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._catalog = _load(language.code)

    def gettext(self, message: str, /, **values: Any) -> str:
        """Translate a message and fill in its placeholders."""
        return self._catalog.gettext(message).format(**values)

    def ngettext(self, singular: str, plural: str, count: int, /, **values: Any) -> str:
        """Translate a message in the form for a count, which fills in `{count}`."""
        return self._catalog.ngettext(singular, plural, count).format(count=count, **values)

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number, such as `12.4`, `12,4`; without separators of thousands."""
        return f"{value:.{digits}f}".replace(".", self.language.decimal)

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share as percent, such as `92.5%` or `92,5 %`; what is not 0 or 100 percent never reads so."""
        smallest = 10.0**-digits
        value = 100.0 * share
        if 0.0 < value < smallest / 2:
            return self.gettext("less than {share}", share=f"{self.number(smallest, digits)}{self.language.percent}")
        if 100.0 - smallest / 2 < value < 100.0:
            limit = f"{self.number(100.0 - smallest, digits)}{self.language.percent}"
            return self.gettext("more than {share}", share=limit)
        return f"{self.number(value, digits)}{self.language.percent}"

    def join(self, items: Iterable[str]) -> str:
        """List items, such as `a, b`."""
        return self.language.comma.join(items)


@cache
def translator(code: str) -> Translator:
    """Return the translator of a language.

    Raises
    ------
    ValueError
        There are no explanations in this language.
    """
    if code not in LANGUAGES:
        raise ValueError(f"There are no explanations in the language {code!r}. Choose one of: {', '.join(LANGUAGES)}.")
    return Translator(LANGUAGES[code])


def choose_language(preferences: str | None, default: str = DEFAULT_LANGUAGE) -> str:
    """Return the first language of an `Accept-Language` header that explanations are written in.

    Examples
    --------
    >>> choose_language("pt-BR, de-CH;q=0.8, fr;q=0.9")
    'fr'
    """
    return next((code for code in _by_quality(preferences or "") if code in LANGUAGES), default)


def _by_quality(header: str) -> Sequence[str]:
    """Return the primary languages of an `Accept-Language` header (RFC 9110, 12.5.4), most wanted first."""
    ranked = []
    for item in header.split(","):
        tag, _, parameter = item.partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1.0)
        except ValueError:
            quality = 0.0
        if quality > 0.0:
            ranked.append((-quality, tag.strip().partition("-")[0].lower()))
    return [code for _, code in sorted(ranked, key=lambda pair: pair[0])]


def _load(code: str) -> gettext.NullTranslations:
    if code == DEFAULT_LANGUAGE:  # the messages are English
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [code])
