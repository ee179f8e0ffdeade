"""Tables of metrics, the choice of a split, and messages about missing results."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import (
    CLASS_METRIC_TITLES,
    METRIC_TITLES,
    SPLIT_TITLES,
    metric_value,
    pluralize,
)
from app_pages.components.shared.links import choose_segment
from app_pages.components.shared.page import show_missing
from braintumor.enums import CLASSES, Split
from braintumor.reporting.csv_export import format_cell
from braintumor.results.metric import Metric, Metrics
from braintumor.results.stress_test import StressTestResult
from braintumor.results.version import VersionReport

_CLASS_METRICS: Final = ("precision", "recall", "f1", "roc_auc")


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts start no formula: Streamlit's own download of a table escapes none."""
    texts = [name for name in table if any(isinstance(value, str) for value in table[name])]
    return table.assign(**{str(name): table[name].map(_format_text) for name in texts})


def _format_text(value: object) -> object:
    return format_cell(value) if isinstance(value, str) else value


def choose_split(report: VersionReport, key: str) -> str:
    """Let the user choose a split; the test split by default."""
    splits = [split for split in SPLIT_TITLES if split in report.evaluation]
    default = Split.TEST if Split.TEST in splits else splits[0]
    return choose_segment("Images", splits, key, default=default, format_func=SPLIT_TITLES.__getitem__)


def choose_split_metrics(report: VersionReport, key: str, prefix: str, title: str) -> tuple[str, Metrics] | None:
    """Let the user choose a split and return its metrics; None with a message if no metric starts with `prefix`."""
    names = (name for split in SPLIT_TITLES for name in report.evaluation.get(split, ()))
    if not any(name.startswith(prefix) for name in names):
        show_missing(f"{title}: not measured for this version. Run:", report.evaluate_command)
        return None
    split = choose_split(report, key)
    return split, report.evaluation[split]


def require_check(report: VersionReport, name: str, title: str) -> StressTestResult | None:
    """Return a stress test; None with a message if it was not run or could not be."""
    check = report.checks.get(name, StressTestResult())
    if check.skip_reason:
        st.markdown(f"{title}: not measured. {check.skip_reason}")
        return None
    if not check.is_measured:
        show_missing(f"{title}: not measured for this version. Run:", report.stress_test_command)
        return None
    if check.is_outdated:
        outdated = "The model or its thresholds have changed since this was measured. Run:"
        show_missing(outdated, report.stress_test_command)
    return check


def show_text_table(rows: Mapping[str, Mapping[str, str]], index_title: str, key: str) -> None:
    """Show a table of texts by row, in a container that scrolls sideways on a phone."""
    with st.container(key=f"numbers-{key}"):
        st.table(
            pd.DataFrame.from_dict(dict(rows), orient="index").fillna("").rename_axis(index_title), border="horizontal"
        )


def short_sample_size_text(estimate: Metric | None) -> str:
    """Format a sample size for a table: `963 in 65 groups`."""
    if estimate is None or estimate.n is None:
        return ""
    return f"{estimate.n:,}" + (f" in {pluralize(estimate.groups, 'group')}" if estimate.groups is not None else "")


def overall_table(metrics: Metrics) -> pd.DataFrame:
    """Tabulate the metrics of a whole split, one per row."""
    rows = [
        {
            "Metric": title,
            "Value (95% CI)": metric_value(name, metrics[name]),
            "Images": _format_count(metrics[name].n),
            "Groups": _format_count(metrics[name].groups),
        }
        for name, title in METRIC_TITLES.items()
        if name in metrics
    ]
    return pd.DataFrame(rows).set_index("Metric") if rows else pd.DataFrame()


def binary_table(metrics: Metrics) -> pd.DataFrame:
    """Tabulate the recall of a binary model: tumour and no tumour."""
    recalls = {"Tumour": metrics.get("tumor_sensitivity"), "No tumour": metrics.get("tumor_specificity")}
    rows = [
        {
            "Truth": title,
            "Recall (95% CI)": recall.percent(),
            "Images": _format_count(recall.n),
            "Groups": _format_count(recall.groups),
        }
        for title, recall in recalls.items()
        if recall is not None
    ]
    return pd.DataFrame(rows).set_index("Truth") if rows else pd.DataFrame()


def class_table(metrics: Metrics) -> pd.DataFrame:
    """Tabulate the metrics of each class, one class per row."""
    rows = []
    for label in CLASSES:
        values = {
            CLASS_METRIC_TITLES[name]: metric_value(name, metrics[f"{name}/{label}"])
            for name in _CLASS_METRICS
            if f"{name}/{label}" in metrics
        }
        recall = metrics.get(f"recall/{label}")
        if values:
            rows.append({"Class": label.title, **values, "Images": _format_count(recall.n if recall else None)})
    return pd.DataFrame(rows).set_index("Class") if rows else pd.DataFrame()


def _format_count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
