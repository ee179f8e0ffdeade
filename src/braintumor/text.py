"""Display texts shared by pages, reports and the command line; imports no heavy library."""

from collections.abc import Iterable
from typing import Final

from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass, Verdict

# Most suspicious first: the order in which reports count and list verdicts.
VERDICT_TITLES: Final[dict[Verdict, str]] = {
    Verdict.TUMOR_SUSPECTED: "Tumour suspected",
    Verdict.UNCERTAIN: "Uncertain",
    Verdict.NO_TUMOR_FOUND: "No tumour found",
    Verdict.NOT_BRAIN_MRI: "Not a brain MRI",
}


def class_text(label: str) -> str:
    """Return the name of a class within a sentence, such as `no tumour`; other labels are returned unchanged."""
    if label == TUMOR_LABEL:
        return "tumour"
    return TumorClass(label).title.lower() if label in CLASSES else label


def join_words(items: Iterable[str]) -> str:
    """List items in a sentence: `a`, `a and b`, `a, b and c`."""
    *rest, last = list(items) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def pluralize(number: int, singular: str, plural: str = "") -> str:
    """Format a count with its noun: `1 image`, `7,023 images`; the default plural appends an s."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
