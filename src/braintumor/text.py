"""Words of every face: verdicts and classes as a reader says them, things listed and counted. It loads nothing."""

from collections.abc import Iterable
from typing import Final

from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass, Verdict

# Worst first: the order in which reports count and list them.
VERDICT_TITLES: Final[dict[Verdict, str]] = {
    Verdict.TUMOR_SUSPECTED: "Tumour suspected",
    Verdict.UNCERTAIN: "Uncertain",
    Verdict.NO_TUMOR_FOUND: "No tumour found",
    Verdict.NOT_BRAIN_MRI: "Not a brain MRI",
}


def class_text(label: str) -> str:
    """A class within a sentence: `glioma`, `no tumour`, `tumour` of no kind; what is no class is said as it is."""
    if label == TUMOR_LABEL:
        return "tumour"
    return TumorClass(label).title.lower() if label in CLASSES else label


def join_words(items: Iterable[str]) -> str:
    """Things in a sentence: `a`, `a and b`, `a, b and c`."""
    *rest, last = list(items) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def pluralize(number: int, singular: str, plural: str = "") -> str:
    """A number of things: `1 image`, `7,023 images`; `many` where it is not `one` with an s."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
