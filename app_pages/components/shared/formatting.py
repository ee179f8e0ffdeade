"""Words for numbers and names, so that all pages say the same thing the same way."""

from typing import Final

from braintumor.datasets.catalog import BINARY_SET, KAGGLE, training_dataset
from braintumor.enums import Split
from braintumor.results.metric import Metric
from braintumor.results.version import VersionReport
from braintumor.text import VERDICT_TITLES, class_text, join_words, pluralize

__all__ = [
    "METRIC_TITLES",
    "SPLIT_TITLES",
    "VERDICT_TITLES",
    "class_text",
    "format_share",
    "join_words",
    "metric_format",
    "metric_title",
    "metric_value",
    "pluralize",
    "sample_size_text",
    "test_set_text",
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
_NUMBER_METRICS: Final = frozenset({"loss", "brier", "ece", "dice", "iou", "aurc", "set_size"})
_CLASS_METRIC_TITLES: Final = {
    "precision": "Precision", "recall": "Recall", "f1": "F1", "roc_auc": "ROC area", "pr_auc": "Precision-recall area",
}  # fmt: skip


def format_share(part: int, whole: int) -> str:
    """A part of a whole, such as `35%`."""
    return f"{part / whole:.0%}" if whole else "none"


def metric_title(name: str) -> str:
    """Title of a metric, such as `Recall, glioma` for `recall/glioma`."""
    base, _, label = name.partition("/")
    if not label:
        return METRIC_TITLES.get(name, name.replace("_", " "))
    return f"{_CLASS_METRIC_TITLES.get(base, base)}, {class_text(label)}"


def metric_format(name: str) -> str:
    """How a chart writes a metric: as the number it is, or as a share."""
    return ".2f" if name in _NUMBER_METRICS else ".1%"


def metric_value(name: str, estimate: Metric) -> str:
    """A metric with its interval, in the unit it is spoken of."""
    return estimate.plain() if name in _NUMBER_METRICS else estimate.percent()


# Who the patients of the yes/no set are, nobody said.
_TEST_SET_TEXTS: Final = {
    KAGGLE.folder: "On test scans of patients and near-duplicates it never saw",
    BINARY_SET.folder: "On pictures of the yes/no set that are no near copy of one it learnt from",
}
_LEAKY_TEST_SET_TEXTS: Final = {
    KAGGLE.folder: "On test scans of a split that leaks, so that it learnt from other images of their patients",
    BINARY_SET.folder: "On pictures of the yes/no set dealt at random, so that it learnt from near copies of some",
}


def test_set_text(report: VersionReport) -> str:
    """What the test scans of a version are to it, as the beginning of a sentence."""
    return (_LEAKY_TEST_SET_TEXTS if report.has_leakage else _TEST_SET_TEXTS)[training_dataset(report.recipe).folder]


def sample_size_text(estimate: Metric) -> str:
    """What a metric was measured on, such as `n = 1,400 images in 130 groups`."""
    images = "" if estimate.n is None else f"n = {pluralize(estimate.n, 'image')}"
    groups = "" if estimate.groups is None else f"{'in ' if images else 'n = '}{pluralize(estimate.groups, 'group')}"
    return f"{images} {groups}".strip()
