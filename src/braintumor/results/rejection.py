"""Tables of the measured errors of the questions before the tumour probability: is it a head, is it MR, is it brain."""

from collections.abc import Mapping
from typing import Final

from braintumor.enums import Plane, Verdict
from braintumor.inference.card_sections import MetricEntry
from braintumor.inference.model_card import ModelCard
from braintumor.results.metric import Metric, parse_metric
from braintumor.results.stress_test import StressTestResult
from braintumor.text import VERDICT_TITLES, capitalize_first

Rows = dict[str, dict[str, str]]

# Name of scans of the test split among the image types.
IN_DISTRIBUTION: Final = "brain MRI"
_REJECTION_TITLES: Final = {
    "rejected": VERDICT_TITLES[Verdict.NOT_BRAIN_MRI],
    "uncertain": VERDICT_TITLES[Verdict.UNCERTAIN],
    "roc_auc": "AUC of the score",
}
_CT_TITLES: Final = {"ct_rejected": "Head CT rejected", "mr_rejected": "MR rejected as CT"}
_FIELD_TITLES: Final = {
    "outside_recognized": "Slices outside the brain recognized",
    "brain_outside": "Brain slices classified as outside the brain",
    "tumor_outside": "Tumour slices classified as outside the brain",
}


def summarize_rejection(check: StressTestResult) -> str:
    """Summarize how many other images and test scans are rejected as not a brain MRI; empty without metrics."""
    auc, of_scans = check.metrics.get("roc_auc"), check.metrics.get(f"rejected@kind:{IN_DISTRIBUTION}")
    if auc is None or of_scans is None:
        return ""
    names = [name for name in check.subgroup_values("kind") if name != IN_DISTRIBUTION]
    rates = {name: check.metrics.get(f"rejected@kind:{name}") for name in names}
    rejected = ", ".join(f"{rate.value:.0%} ({image_type_text(name)})" for name, rate in rates.items() if rate)
    return (
        f"Rejected as not a brain MRI: {rejected}, and {of_scans.describe()} of the test scans. AUC of the "
        f"out-of-distribution score against test scans: {auc.describe('plain', 'group', 3)}."
    )


def rejection_rows(check: StressTestResult) -> Rows:
    """Tabulate the verdicts on other images, test scans, and test scans of low resolution (stress test `ood`)."""
    titles = {name: capitalize_first(image_type_text(name)) for name in check.subgroup_values("kind")}
    subgroups = {f"@kind:{name}": title for name, title in titles.items() if name != IN_DISTRIBUTION}
    subgroups |= {f"@kind:{IN_DISTRIBUTION}": "Test scans"}
    subgroups |= {f"@resolution:{side}": f"Test scans of {side} pixels" for side in check.subgroup_values("resolution")}
    rows: Rows = {}
    for suffix, title in subgroups.items():
        metrics = {name: check.metrics.get(f"{name}{suffix}") for name in _REJECTION_TITLES}
        measured = {name: metric for name, metric in metrics.items() if metric is not None}
        if rejected := measured.get("rejected"):
            shown = {_REJECTION_TITLES[name]: _format(name, metric) for name, metric in measured.items()}
            rows[title] = {"Measured on": rejected.sample_size(), **shown}
    return rows


def _format(name: str, metric: Metric) -> str:
    return metric.plain() if name == "roc_auc" else metric.percent()


def image_type_text(name: str) -> str:
    """Return the name of a type of images, such as `chest-xray`, for a sentence: `chest X-ray`."""
    return name.replace("-", " ").replace("xray", "X-ray").replace(" ct", " CT")


def ct_rows(card: ModelCard) -> Rows:
    """Tabulate how often head CT and MR of the test split are rejected as CT; empty without the check."""
    return _rows(card.ct.test, _CT_TITLES) if card.ct else {}


def field_rows(card: ModelCard) -> Rows:
    """Tabulate which test slices are classified as outside the brain, also by plane; empty without the check."""
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
