"""Answer: what may be said of a detection: a class, or of a version that tells no kinds just tumour or none."""

from typing import Final, NamedTuple

from braintumor.inference.detection import Detection
from braintumor.reporting.words import class_text
from braintumor.vocabulary import CLASSES, TUMOR_LABEL, TumorClass

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
