"""Measured: what a version's sensitivity and specificity came to, read from its own `evaluation.json`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from braintumor.errors import ArtifactError
from braintumor.inference.registry import Artifact

EVALUATION_FILE: Final = "evaluation.json"
# What decides what an answer is worth. The share of a class that meets a verdict counts what the thresholds do.
_HEADLINE_METRICS: Final = (
    ("test", "tumor_sensitivity", "Sensitivity for any tumour"),
    ("test", "tumor_specificity", "Specificity for any tumour"),
    ("test", "accuracy", "Accuracy over the four classes"),
    ("test", "tumors@verdict:no tumor found", "Tumours that were cleared"),
    ("test", "healthy@verdict:tumor suspected", "Healthy scans that were called"),
    ("outside", "tumor_sensitivity", "Sensitivity for any tumour"),
    ("outside", "called", "Tumours that were called"),
)
# What the same metric is called of a version that tells tumour from none and no kinds.
_BINARY_TITLES: Final = {"Accuracy over the four classes": "Accuracy, tumour or none"}
_SPLIT_TITLES: Final = {"test": "its test split", "outside": "scans of other collections"}
# What stands on the first page of every report.
_FIRST_PAGE_METRICS: Final = ("tumor_sensitivity", "tumor_specificity")


@dataclass(frozen=True, slots=True)
class HeadlineMetric:
    """A share measured on scans whose truth is known, with its 95% interval; `first` where no reader may miss it."""

    title: str
    dataset: str
    value: float
    low: float | None = None
    high: float | None = None
    images: int | None = None
    groups: int | None = None
    on_first_page: bool = False

    def __str__(self) -> str:
        """Such as `97.1% (95.4 to 98.7)`."""
        interval = "" if self.low is None or self.high is None else f" ({100 * self.low:.1f} to {100 * self.high:.1f})"
        return f"{self.value:.1%}{interval}"

    @property
    def sample_size(self) -> str:
        """What it was measured on, such as `1,000 images in 68 groups`."""
        images = "" if self.images is None else f"{self.images:,} images"
        groups = "" if self.groups is None else f"{self.groups:,} groups"
        return " in ".join(part for part in (images, groups) if part)


def headline_metrics(artifact: Artifact) -> tuple[HeadlineMetric, ...]:
    """What was measured of a version, as far as its `evaluation.json` says it and its card vouches for the file.

    Empty where the version was never evaluated: a report says so rather than failing for it.
    """
    try:
        splits = json.loads(artifact.read_verified(EVALUATION_FILE))
    except (ArtifactError, OSError, ValueError):
        return ()
    two_way = artifact.card.binary_threshold is not None
    wanted = [
        (split, metric, _BINARY_TITLES.get(what, what) if two_way else what)
        for split, metric, what in _HEADLINE_METRICS
    ]
    found = (_read_headline_metric(splits, split, metric, what) for split, metric, what in wanted)
    return tuple(measured for measured in found if measured is not None)


def _read_headline_metric(splits: Any, split: str, metric: str, title: str) -> HeadlineMetric | None:
    metrics = splits.get(split) if isinstance(splits, Mapping) else None
    entry = metrics.get(metric) if isinstance(metrics, Mapping) else None
    if not isinstance(entry, Mapping) or (value := _finite_float(entry.get("value"))) is None:
        return None
    images, groups = _finite_float(entry.get("n")), _finite_float(entry.get("groups"))
    return HeadlineMetric(
        title=title,
        dataset=_SPLIT_TITLES[split],
        value=value,
        low=_finite_float(entry.get("low")),
        high=_finite_float(entry.get("high")),
        images=None if images is None else int(images),
        groups=None if groups is None else int(groups),
        on_first_page=split == "test" and metric in _FIRST_PAGE_METRICS,
    )


def _finite_float(value: Any) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None
