"""Titles of metrics and splits, and formats of numbers, the same on every page."""

from typing import Final

from braintumor.datasets.catalog import BINARY_SET, KAGGLE, evaluation_dataset
from braintumor.enums import Split
from braintumor.results.metric import Metric
from braintumor.results.version import VersionReport
from braintumor.text import VERDICT_TITLES, class_text, format_share, join_words, pluralize

__all__ = [
    "CLASS_METRIC_TITLES",
    "METRIC_TITLES",
    "SPLIT_TITLES",
    "VERDICT_TITLES",
    "class_text",
    "format_bytes",
    "format_share",
    "join_words",
    "metric_format",
    "metric_value",
    "pluralize",
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
    "roc_auc": "ROC AUC, any tumour",
    "pr_auc": "Precision-recall AUC, any tumour",
    "loss": "Loss (cross-entropy)",
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
    "dice": "Dice of the mask",
    "iou": "Intersection over union of the mask",
    "pointing_game": "Pointing game of the mask",
    "map_pointing_game": "Pointing game of the heat map",
    "activation_inside": "Heat map inside the tumour",
    "aurc": "Area under the risk-coverage curve",
    "set_coverage": "Prediction sets with the true class",
    "set_size": "Classes per prediction set",
}
CLASS_METRIC_TITLES: Final = {"precision": "Precision", "recall": "Recall", "f1": "F1", "roc_auc": "ROC AUC"}
# Digits of the metrics that are shown as plain numbers; every other metric is a share, shown as a percentage. Three
# where values are close to 0 or 1.
_PLAIN_METRICS: Final = {
    "loss": 2, "brier": 2, "ece": 3, "dice": 2, "iou": 2, "aurc": 2, "set_size": 2, "roc_auc": 3, "pr_auc": 3,
}  # fmt: skip

_TEST_SET_TEXTS: Final = {
    KAGGLE.folder: "On test scans without patients or near-duplicates of the training images",
    # The patients of the binary set are not known.
    BINARY_SET.folder: "On images of the binary set without near-duplicates of the training images",
}
_LEAKY_TEST_SET_TEXTS: Final = {
    KAGGLE.folder: "On test scans of a split that leaks: other images of their patients are in the training split",
    BINARY_SET.folder: "On randomly chosen images of the binary set: near-duplicates of some are in the training split",
}


def format_bytes(size: int) -> str:
    """Format a size for people: `1.4 MB`."""
    value, units = float(size), ["bytes", "KB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:,.0f} {units[0]}" if units[0] == "bytes" else f"{value:,.1f} {units[0]}"


def metric_format(name: str) -> str:
    """Return the number format of a metric for a chart."""
    return f".{_PLAIN_METRICS[name]}f" if name in _PLAIN_METRICS else ".1%"


def metric_value(name: str, metric: Metric) -> str:
    """Format a metric with its interval for a table."""
    return metric.plain(_PLAIN_METRICS[name]) if name in _PLAIN_METRICS else metric.percent()


def test_set_text(report: VersionReport) -> str:
    """Describe the test images of a version, as the start of a sentence."""
    return (_LEAKY_TEST_SET_TEXTS if report.has_leakage else _TEST_SET_TEXTS)[evaluation_dataset(report.recipe).folder]
