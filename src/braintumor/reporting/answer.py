"""Answer: what may be said of a detection: a class, or of a version that tells no kinds just tumour or none."""

from typing import Final, NamedTuple

from braintumor.inference.detection import Detection
from braintumor.reporting.words import class_word
from braintumor.vocabulary import CLASSES, TUMOR, TumorClass

ANY_TUMOR: Final = "Any tumour"
NO_KIND: Final = "tumour of any kind"


class Chance(NamedTuple):
    """A probability as a bar shows it; `label` is None for any tumour."""

    title: str
    value: float
    label: TumorClass | None


def answer_name(found: Detection) -> str:
    """The answer as files write it: a class, or `tumor` where no kind is told."""
    return TUMOR if not found.tells_kinds and found.result.is_tumor else str(found.result)


def answer_word(found: Detection) -> str:
    """The answer within a sentence: `glioma`, `no tumour`, or `tumour of any kind`."""
    return NO_KIND if not found.tells_kinds and found.result.is_tumor else class_word(found.result)


def answer_title(name: str) -> str:
    """An answer as `answer_name` gives it, for a table; such as `Glioma`, or `Tumour`."""
    return "Tumour" if name == TUMOR else TumorClass(name).title


def answer_sentence(found: Detection) -> str:
    """The answer as a sentence that says no more than the version can tell."""
    if found.tells_kinds:
        return f"Likeliest is {class_word(found.result)} at {found.probabilities[found.result]:.1%}."
    return "It says tumour, and tells no kind." if found.result.is_tumor else "It says no tumour."


def set_words(found: Detection) -> list[str]:
    """Members of the prediction set; all kinds are one where none is told."""
    if found.tells_kinds:
        return [class_word(c) for c in found.prediction_set]
    healthy = [class_word(c) for c in found.prediction_set if not c.is_tumor]
    return [NO_KIND, *healthy] if any(c.is_tumor for c in found.prediction_set) else healthy


def chances(found: Detection) -> list[Chance]:
    """Any tumour, and beside it each class where the version tells them."""
    each = [Chance(c.title, found.probabilities[c], c) for c in CLASSES] if found.tells_kinds else []
    return [Chance(ANY_TUMOR, found.tumor_probability, None), *each]


def is_right(found: Detection, truth: TumorClass) -> bool:
    """Whether the answer is the truth; where no kind is told, whether it is right about tumour or none."""
    return said_right(found.result, truth, found.tells_kinds)


def said_right(said: TumorClass | None, truth: TumorClass, kinds: bool) -> bool:
    """The same of an answer that was kept; None is right about nothing."""
    return said is not None and (said is truth if kinds else said.is_tumor is truth.is_tumor)


def class_probability(found: Detection, label: TumorClass) -> float | None:
    """Probability of a class; None for a kind where none is told."""
    return found.probabilities[label] if found.tells_kinds or not label.is_tumor else None
