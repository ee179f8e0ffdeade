"""Answer: what may be said of a detection: a class, or of a version that tells no kinds just tumour or none."""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass, Verdict
from braintumor.inference.detection import Detection
from braintumor.text import VERDICT_TITLES as VERDICTS
from braintumor.text import class_text, join_words, pluralize

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


ANY_TUMOR_TITLE: Final = "Any tumour"
UNTYPED_TUMOR_TEXT: Final = "tumour of any kind"


class ClassProbability(NamedTuple):
    """A probability as a bar shows it; `label` is None for any tumour."""

    title: str
    value: float
    label: TumorClass | None


def label_key(detection: Detection) -> str:
    """The answer as files write it: a class, or `tumor` where no kind is told."""
    return TUMOR_LABEL if not detection.is_multiclass and detection.result.is_tumor else str(detection.result)


def label_text(detection: Detection) -> str:
    """The answer within a sentence: `glioma`, `no tumour`, or `tumour of any kind`."""
    return (
        UNTYPED_TUMOR_TEXT
        if not detection.is_multiclass and detection.result.is_tumor
        else class_text(detection.result)
    )


def label_title(key: str) -> str:
    """An answer as `answer_name` gives it, for a table; such as `Glioma`, or `Tumour`."""
    return "Tumour" if key == TUMOR_LABEL else TumorClass(key).title


def label_sentence(detection: Detection) -> str:
    """The answer as a sentence that says no more than the version can tell."""
    if detection.is_multiclass:
        return f"Likeliest is {class_text(detection.result)} at {detection.probabilities[detection.result]:.1%}."
    return "It says tumour, and tells no kind." if detection.result.is_tumor else "It says no tumour."


def prediction_set_texts(detection: Detection) -> list[str]:
    """Members of the prediction set; all kinds are one where none is told."""
    if detection.is_multiclass:
        return [class_text(c) for c in detection.prediction_set]
    healthy = [class_text(c) for c in detection.prediction_set if not c.is_tumor]
    return [UNTYPED_TUMOR_TEXT, *healthy] if any(c.is_tumor for c in detection.prediction_set) else healthy


def class_probabilities(detection: Detection) -> list[ClassProbability]:
    """Any tumour, and beside it each class where the version tells them."""
    each = (
        [ClassProbability(c.title, detection.probabilities[c], c) for c in CLASSES] if detection.is_multiclass else []
    )
    return [ClassProbability(ANY_TUMOR_TITLE, detection.tumor_probability, None), *each]


def is_correct(detection: Detection, truth: TumorClass) -> bool:
    """Whether the answer is the truth; where no kind is told, whether it is right about tumour or none."""
    return is_correct_class(detection.result, truth, detection.is_multiclass)


def is_correct_class(predicted: TumorClass | None, truth: TumorClass, is_multiclass: bool) -> bool:
    """The same of an answer that was kept; None is right about nothing."""
    return predicted is not None and (predicted is truth if is_multiclass else predicted.is_tumor is truth.is_tumor)


def class_probability(detection: Detection, label: TumorClass) -> float | None:
    """Probability of a class; None for a kind where none is told."""
    return detection.probabilities[label] if detection.is_multiclass or not label.is_tumor else None
