"""Words: verdicts and classes as a report says them, and typed text made fit to be printed."""

import re
from datetime import UTC, datetime
from typing import Final

from braintumor.vocabulary import Verdict
from braintumor.words import VERDICT_TITLES as VERDICTS
from braintumor.words import class_text, join_words, pluralize

__all__ = [
    "VERDICTS",
    "VERDICT_TONES",
    "class_text",
    "format_time",
    "join_words",
    "pluralize",
    "split_paragraphs",
    "to_printable",
]

# Names of colours the template knows.
VERDICT_TONES: Final[dict[Verdict, str]] = {
    Verdict.TUMOR_SUSPECTED: "red",
    Verdict.UNCERTAIN: "amber",
    Verdict.NO_TUMOR_FOUND: "green",
    Verdict.NOT_BRAIN_MRI: "grey",
}
# A line may break after a slash by itself; parts of a path stay whole, so that a search finds them, up to this length.
_LONG_PART: Final = re.compile(r"[^\s/]{31,}")
_PIECE: Final = re.compile(r".{8}(?=.)")
_ZERO_WIDTH_SPACE: Final = "\u200b"


def to_printable(text: str) -> str:
    """Typed text as a line to print: what cannot be shown is a blank, and a word too long for a column may be broken.

    Characters that turn the direction of writing count as what cannot be shown: they make a name look like another.
    """
    line = "".join(character if character.isprintable() else " " for character in text)
    return _LONG_PART.sub(lambda word: _PIECE.sub(rf"\g<0>{_ZERO_WIDTH_SPACE}", word.group()), line.strip())


def split_paragraphs(text: str) -> list[str]:
    """Typed text of several lines, a line each, empty ones left out."""
    return [line for part in text.splitlines() if (line := to_printable(part))]


def format_time(time: datetime) -> str:
    """A time to the second: `2025-01-31 09:30:00 UTC`."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
