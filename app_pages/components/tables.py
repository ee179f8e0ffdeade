"""Tables of metrics: every number with its interval and what it was measured on."""

import pandas as pd

from app_pages.components.words import METRIC_TITLES, metric_value
from braintumor.evaluation.measures import Metrics
from braintumor.vocabulary import CLASSES

_CLASS_METRIC_TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "roc_auc": "ROC area"}


def overall_table(metrics: Metrics) -> pd.DataFrame:
    """The metrics of a split as a whole, one a row."""
    rows = [
        {
            "Metric": title,
            "Value (95% interval)": metric_value(name, metrics[name]),
            "Images": _format_count(metrics[name].n),
            "Groups": _format_count(metrics[name].groups),
        }
        for name, title in METRIC_TITLES.items()
        if name in metrics
    ]
    return pd.DataFrame(rows).set_index("Metric") if rows else pd.DataFrame()


def binary_table(metrics: Metrics) -> pd.DataFrame:
    """How often each of two answers is given where it is true: tumour and none."""
    recalls = {"Tumour": metrics.get("tumor_sensitivity"), "No tumour": metrics.get("tumor_specificity")}
    rows = [
        {
            "Truth": title,
            "Recall": found.percent(),
            "Images": _format_count(found.n),
            "Groups": _format_count(found.groups),
        }
        for title, found in recalls.items()
        if found is not None
    ]
    return pd.DataFrame(rows).set_index("Truth") if rows else pd.DataFrame()


def class_table(metrics: Metrics) -> pd.DataFrame:
    """The metrics of each class, one class a row."""
    rows = []
    for label in CLASSES:
        found = {
            title: metric_value(name, metrics[f"{name}/{label}"])
            for name, title in _CLASS_METRIC_TITLES.items()
            if f"{name}/{label}" in metrics
        }
        of = metrics.get(f"recall/{label}")
        if found:
            rows.append({"Class": label.title, **found, "Images": _format_count(of.n if of else None)})
    return pd.DataFrame(rows).set_index("Class") if rows else pd.DataFrame()


def _format_count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
