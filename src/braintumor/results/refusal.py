"""Tables of the measured errors of two questions before the tumour probability: is it MR, and does it show brain.

The error of the third question, whether it is a head at all, is the stress test `novelty`.
"""

from collections.abc import Mapping
from typing import Final

from braintumor.enums import Plane
from braintumor.inference.card_sections import MetricEntry
from braintumor.inference.model_card import ModelCard
from braintumor.results.metric import Metric, parse_metric

Rows = dict[str, dict[str, str]]

_CT_TITLES: Final = {"ct_rejected": "Head CT rejected", "mr_rejected": "MR rejected as CT"}
_FIELD_TITLES: Final = {
    "outside_recognized": "Slices outside the brain recognized",
    "brain_outside": "Slices with brain called outside",
    "tumor_outside": "Slices with a tumour called outside",
}


def ct_rows(card: ModelCard) -> Rows:
    """Tabulate how often head CT and MR of the test split are rejected as CT; empty without the check."""
    return _rows(card.ct.test, _CT_TITLES) if card.ct else {}


def field_rows(card: ModelCard) -> Rows:
    """Tabulate which slices of the test split are called outside the brain, also by plane; empty without the check."""
    if card.field is None:
        return {}
    titles = dict(_FIELD_TITLES)
    titles |= {
        f"{name}@plane:{plane}": f"{title}: {plane}"
        for name, title in _FIELD_TITLES.items()
        for plane in Plane
        if plane is not Plane.UNKNOWN
    }
    return _rows(card.field.test, titles)


def _rows(entries: Mapping[str, MetricEntry], titles: Mapping[str, str]) -> Rows:
    metrics = {
        title: parse_metric(entries[name].model_dump(exclude_unset=True), name)
        for name, title in titles.items()
        if name in entries
    }
    return {
        title: {"Share (95% CI)": _share_text(metric), "Measured on": metric.sample_size()}
        for title, metric in metrics.items()
        if metric is not None
    }


def _share_text(metric: Metric) -> str:
    """Format a share; the bootstrap interval of a single group would have no width."""
    return f"{metric.value:.1%} (no interval)" if metric.groups == 1 else metric.percent()
