"""Display texts shared by pages, reports and the command line; imports no heavy library."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from braintumor.enums import CLASSES, TUMOR_LABEL, SkipReason, TumorClass, Verdict

# In the order of `VERDICTS_BY_SUSPICION`.
VERDICT_TITLES: Final[dict[Verdict, str]] = {
    Verdict.TUMOR_SUSPECTED: "Tumour suspected",
    Verdict.UNCERTAIN: "Uncertain",
    Verdict.NO_TUMOR_FOUND: "No tumour found",
    Verdict.OUTSIDE_FIELD: "Outside the model's field",
    Verdict.NOT_BRAIN_MRI: "Not a brain MRI",
}
# Stands where a verdict would, for a file or slice without one.
UNREADABLE_TITLE: Final = "Could not be read"

_SKIP_REASONS: Final = frozenset(SkipReason)
_SKIPPED_NOUNS: Final = {
    SkipReason.LOCALIZER: ("localizer slice", ""),
    SkipReason.DERIVED_MAP: ("slice of a derived map", "slices of derived maps"),
    SkipReason.DISC_INDEX: ("index of a disc", "indices of discs"),
    SkipReason.NO_IMAGE: ("object without an image", "objects without an image"),
    SkipReason.NOT_A_SCAN: ("file that is not a scan", "files that are not scans"),
}


def verdict_text(verdict: Verdict) -> str:
    """Return the title of a verdict as it reads within a sentence, such as `not a brain MRI`."""
    title = VERDICT_TITLES[verdict]
    return title[0].lower() + title[1:]


def class_text(label: str) -> str:
    """Return the name of a class within a sentence, such as `no tumour`; other labels are returned unchanged."""
    if label == TUMOR_LABEL:
        return "tumour"
    return TumorClass(label).title.lower() if label in CLASSES else label


def join_words(items: Iterable[str]) -> str:
    """List items in a sentence: `a`, `a and b`, `a, b and c`."""
    *rest, last = list(items) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def capitalize_first(text: str) -> str:
    """Capitalize the first letter and leave the others, such as those of MRI."""
    return text[:1].upper() + text[1:]


def format_share(count: int, total: int) -> str:
    """Format a share of a total: `35%`."""
    return f"{count / total:.0%}" if total else "none"


def format_score(score: float) -> str:
    """Format a score in whole percent, but not as 0 or 100%: `35%`, `less than 1%`, `more than 99%`."""
    text = f"{score:.0%}"
    return {"0%": "less than 1%", "100%": "more than 99%"}.get(text, text)


def pluralize(number: int, singular: str, plural: str = "") -> str:
    """Format a count with its noun: `1 image`, `7,023 images`; the default plural appends an s."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def describe_seconds(seconds: float) -> str:
    """Describe a time to wait: `a few seconds`, `about 40 s`, `about 3 min`."""
    if seconds < 10:
        return "a few seconds"
    return f"about {round(seconds, -1):.0f} s" if seconds < 95 else f"about {seconds / 60:.0f} min"


def describe_skipped(reasons: Iterable[str]) -> str:
    """Return what was skipped in a sentence, such as "Skipped: 1 report."; empty if nothing was.

    Parameters
    ----------
    reasons : iterable of str
        A `SkipReason` for each file or slice, or a description in words, which is quoted; empty if there are none.
    """
    counts = Counter(reasons)
    items = [
        pluralize(counts[reason], *_SKIPPED_NOUNS.get(reason, (reason, ""))) if reason in _SKIP_REASONS else reason
        for reason in (*SkipReason, *(reason for reason in counts if reason not in _SKIP_REASONS))
        if counts[reason]
    ]
    return f"Skipped: {', '.join(items)}." if items else ""
