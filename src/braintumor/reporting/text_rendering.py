"""Text on figures: Pillow's built-in font, with lines shortened or wrapped to a width."""

import unicodedata
from functools import cache
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_ELLIPSIS: Final = "…"
# Characters that the font has in addition to ASCII.
_SUPPORTED_EXTRAS: Final = frozenset("·…")
# Characters without a decomposition into supported ones.
_TRANSLITERATIONS: Final = str.maketrans(
    {"×": "x", "–": "-", "—": "-", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O",
     "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}
)  # fmt: skip


@cache
def get_font(size: int) -> Font:
    """Return Pillow's built-in font, so that figures look the same on every machine."""
    return ImageFont.load_default(size)


def to_supported_text(text: str) -> str:
    """Replace characters that the font lacks: accents are dropped, other characters become question marks."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_TRANSLITERATIONS))
    base_characters = (c for c in decomposed if not unicodedata.combining(c))
    return "".join(c if c in _SUPPORTED_EXTRAS or (c.isascii() and c.isprintable()) else "?" for c in base_characters)


def text_width(text: str, size: int) -> int:
    """Return the width of a line in pixels."""
    return round(get_font(size).getlength(text))


def fit_text(text: str, size: int, max_width: int) -> str:
    """Shorten a line to a width in pixels by removing its middle, because file names differ at their ends."""
    line = to_supported_text(text)
    if text_width(line, size) <= max_width:
        return line
    length = len(line) - 1
    while length > 1 and text_width(_shorten_middle(line, length), size) > max_width:
        length -= 1
    return _shorten_middle(line, length)


def wrap_text(text: str, size: int, max_width: int) -> list[str]:
    """Break text between words into lines of at most a width in pixels."""
    lines: list[str] = []
    for word in to_supported_text(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= max_width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shorten_middle(line: str, length: int) -> str:
    tail = length // 2
    return f"{line[: length - tail]}{_ELLIPSIS}{line[len(line) - tail :]}"
