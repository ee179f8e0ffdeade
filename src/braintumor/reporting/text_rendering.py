"""Lettering: lines of text on pictures, in the one typeface Pillow carries, fitted to the room they have."""

import unicodedata
from functools import cache
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_ELLIPSIS: Final = "…"
# What the typeface has beside ASCII.
_SUPPORTED_EXTRAS: Final = frozenset("·…")
# Letters and signs that do not come apart into ones it has.
_TRANSLITERATIONS: Final = str.maketrans(
    {"×": "x", "–": "-", "—": "-", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O",
     "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}
)  # fmt: skip


@cache
def get_font(size: int) -> Font:
    """Pillow's own typeface, so that a figure looks the same on every machine."""
    return ImageFont.load_default(size)


def to_supported_text(text: str) -> str:
    """Text in the letters the typeface has: accents are dropped, and what is left unknown is a question mark.

    Names of files lose nothing by it but looks: a figure's own file name keeps every letter.
    """
    taken_apart = unicodedata.normalize("NFKD", text.translate(_TRANSLITERATIONS))
    bare = (c for c in taken_apart if not unicodedata.combining(c))
    return "".join(c if c in _SUPPORTED_EXTRAS or (c.isascii() and c.isprintable()) else "?" for c in bare)


def text_width(text: str, size: int) -> int:
    """Pixels a line takes."""
    return round(get_font(size).getlength(text))


def fit_text(text: str, size: int, max_width: int) -> str:
    """The line as it can be written within some pixels: what is too long loses its middle, for names differ at ends."""
    line = to_supported_text(text)
    if text_width(line, size) <= max_width:
        return line
    kept = len(line) - 1
    while kept > 1 and text_width(_shorten_middle(line, kept), size) > max_width:
        kept -= 1
    return _shorten_middle(line, kept)


def _shorten_middle(line: str, length: int) -> str:
    tail = length // 2
    return f"{line[: length - tail]}{_ELLIPSIS}{line[len(line) - tail :]}"


def wrap_text(text: str, size: int, max_width: int) -> list[str]:
    """Text broken between words into lines within some pixels."""
    found: list[str] = []
    for word in to_supported_text(text).split():
        longer = f"{found[-1]} {word}" if found else word
        if found and text_width(longer, size) <= max_width:
            found[-1] = longer
        else:
            found.append(word)
    return found
