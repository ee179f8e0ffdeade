"""Headline metrics of a version for reports, from its verified `evaluation.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from braintumor.enums import EXTERNAL_SPLIT
from braintumor.errors import ArtifactError
from braintumor.inference.model_card import EVALUATION_FILE
from braintumor.inference.registry import Artifact
from braintumor.results.metric import Metric, parse_metric

# Split, metric, title. Rates by verdict include the effect of the thresholds.
_HEADLINE_METRICS: Final = (
    ("test", "tumor_sensitivity", "Sensitivity for any tumour"),
    ("test", "tumor_specificity", "Specificity for any tumour"),
    ("test", "accuracy", "Accuracy over the four classes"),
    ("test", "tumors@verdict:no tumor found", "Tumours with verdict no tumour found"),
    ("test", "tumor_free@verdict:tumor suspected", "Tumour-free scans with verdict tumour suspected"),
    (EXTERNAL_SPLIT, "tumor_sensitivity", "Sensitivity for any tumour"),
    (EXTERNAL_SPLIT, "flagged", "Tumours with verdict tumour suspected"),
)
_BINARY_TITLES: Final = {"accuracy": "Accuracy, tumour or no tumour"}
_SPLIT_TITLES: Final = {"test": "its test split", EXTERNAL_SPLIT: "the external set"}
_FIRST_PAGE_METRICS: Final = ("tumor_sensitivity", "tumor_specificity")


@dataclass(frozen=True, slots=True)
class HeadlineMetric:
    """A metric of a report.

    Attributes
    ----------
    title : str
    dataset : str
        The images it was measured on, such as `its test split`.
    metric : Metric
    on_first_page : bool
        Whether it is shown on the first page of every report.
    """

    title: str
    dataset: str
    metric: Metric
    on_first_page: bool = False


def headline_metrics(artifact: Artifact) -> tuple[HeadlineMetric, ...]:
    """Read the headline metrics of a version.

    Empty if there is no `evaluation.json`, if it is damaged, or if its hash is not the one in the model card: reports
    then say that the version was not evaluated.
    """
    try:
        splits = json.loads(artifact.read_verified(EVALUATION_FILE))
    except (ArtifactError, OSError, ValueError):
        return ()
    titles = _BINARY_TITLES if artifact.card.binary_threshold is not None else {}
    entries = ((split, name, titles.get(name, title)) for split, name, title in _HEADLINE_METRICS)
    metrics = (_read_headline_metric(splits, *entry) for entry in entries)
    return tuple(metric for metric in metrics if metric is not None)


def _read_headline_metric(splits: Any, split: str, name: str, title: str) -> HeadlineMetric | None:
    metrics = splits.get(split) if isinstance(splits, Mapping) else None
    metric = parse_metric(metrics.get(name), name) if isinstance(metrics, Mapping) else None
    if metric is None:
        return None
    on_first_page = split == "test" and name in _FIRST_PAGE_METRICS
    return HeadlineMetric(title, _SPLIT_TITLES[split], metric, on_first_page)
