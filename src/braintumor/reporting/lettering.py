"""Lettering: lines of text on pictures, in the one typeface Pillow carries, fitted to the room they have."""

import unicodedata
from functools import cache
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_ELLIPSIS: Final = "…"
# What the typeface has beside ASCII.
_KNOWN: Final = frozenset("·…")
# Letters and signs that do not come apart into ones it has.
_WRITTEN: Final = str.maketrans(
    {"×": "x", "–": "-", "—": "-", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O",
     "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}
)  # fmt: skip


@cache
def font(size: int) -> Font:
    """Pillow's own typeface, so that a figure looks the same on every machine."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """Text in the letters the typeface has: accents are dropped, and what is left unknown is a question mark.

    Names of files lose nothing by it but looks: a figure's own file name keeps every letter.
    """
    taken_apart = unicodedata.normalize("NFKD", text.translate(_WRITTEN))
    bare = (c for c in taken_apart if not unicodedata.combining(c))
    return "".join(c if c in _KNOWN or (c.isascii() and c.isprintable()) else "?" for c in bare)


def wide(text: str, size: int) -> int:
    """Pixels a line takes."""
    return round(font(size).getlength(text))


def fitted(text: str, size: int, room: int) -> str:
    """The line as it can be written within some pixels: what is too long loses its middle, for names differ at ends."""
    line = plain(text)
    if wide(line, size) <= room:
        return line
    kept = len(line) - 1
    while kept > 1 and wide(_shortened(line, kept), size) > room:
        kept -= 1
    return _shortened(line, kept)


def _shortened(line: str, kept: int) -> str:
    tail = kept // 2
    return f"{line[: kept - tail]}{_ELLIPSIS}{line[len(line) - tail :]}"


def lines(text: str, size: int, room: int) -> list[str]:
    """Text broken between words into lines within some pixels."""
    found: list[str] = []
    for word in plain(text).split():
        longer = f"{found[-1]} {word}" if found else word
        if found and wide(longer, size) <= room:
            found[-1] = longer
        else:
            found.append(word)
    return found
