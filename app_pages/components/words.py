"""Words for numbers and names, so that all pages say the same thing the same way."""

from typing import Final

from braintumor.dataset.sets import KAGGLE, YES_NO, learnt_from
from braintumor.evaluation.measures import Estimate
from braintumor.evaluation.report import Report
from braintumor.vocabulary import Split
from braintumor.words import VERDICT_TITLES, class_word, count, listed

__all__ = [
    "METRIC_TITLES", "SPLIT_TITLES", "VERDICT_TITLES", "class_word", "count", "evidence", "held_out", "listed",
    "metric_format", "metric_title", "metric_value", "share",
]  # fmt: skip

SPLIT_TITLES: Final[dict[str, str]] = {
    Split.TRAIN: "Training", Split.VALIDATION: "Validation", Split.TEST: "Test",
}  # fmt: skip

METRIC_TITLES: Final[dict[str, str]] = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "tumor_sensitivity": "Tumour sensitivity",
    "tumor_specificity": "Tumour specificity",
    "roc_auc": "ROC area, any tumour",
    "pr_auc": "Precision-recall area, any tumour",
    "loss": "Loss (cross-entropy)",
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
    "dice": "Dice of the mask",
    "iou": "Intersection over union of the mask",
    "pointing_game": "Pointing game of the mask",
    "map_pointing_game": "Pointing game of the class map",
    "activation_inside": "Class map inside the tumour",
    "aurc": "Area under risk and coverage",
    "set_coverage": "Prediction sets holding the truth",
    "set_size": "Classes in a prediction set",
}
# Shown as they are; every other metric is a share and shown as a percentage.
_PLAIN: Final = frozenset({"loss", "brier", "ece", "dice", "iou", "aurc", "set_size"})
_PER_CLASS: Final = {
    "precision": "Precision", "recall": "Recall", "f1": "F1", "roc_auc": "ROC area", "pr_auc": "Precision-recall area",
}  # fmt: skip


def share(part: int, whole: int) -> str:
    """A part of a whole, such as `35%`."""
    return f"{part / whole:.0%}" if whole else "none"


def metric_title(name: str) -> str:
    """Title of a metric, such as `Recall, glioma` for `recall/glioma`."""
    base, _, label = name.partition("/")
    if not label:
        return METRIC_TITLES.get(name, name.replace("_", " "))
    return f"{_PER_CLASS.get(base, base)}, {class_word(label)}"


def metric_format(name: str) -> str:
    """How a chart writes a metric: as the number it is, or as a share."""
    return ".2f" if name in _PLAIN else ".1%"


def metric_value(name: str, estimate: Estimate) -> str:
    """A metric with its interval, in the unit it is spoken of."""
    return estimate.plain() if name in _PLAIN else estimate.percent()


# Who the patients of the yes/no set are, nobody said.
_HELD_OUT: Final = {
    KAGGLE.folder: "On test scans of patients and near-duplicates it never saw",
    YES_NO.folder: "On pictures of the yes/no set that are no near copy of one it learnt from",
}
_LEAKY: Final = {
    KAGGLE.folder: "On test scans of a split that leaks, so that it learnt from other images of their patients",
    YES_NO.folder: "On pictures of the yes/no set dealt at random, so that it learnt from near copies of some",
}


def held_out(report: Report) -> str:
    """What the test scans of a version are to it, as the beginning of a sentence."""
    return (_LEAKY if report.leaks else _HELD_OUT)[learnt_from(report.card).folder]


def evidence(estimate: Estimate) -> str:
    """What a metric was measured on, such as `n = 1,400 images in 130 groups`."""
    images = "" if estimate.n is None else f"n = {count(estimate.n, 'image')}"
    groups = "" if estimate.groups is None else f"{'in ' if images else 'n = '}{count(estimate.groups, 'group')}"
    return f"{images} {groups}".strip()
