"""Parts of the Performance page share these: which images to show, a table of estimates, and what a study lacks."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import METRIC_TITLES, SPLIT_TITLES, metric_value, pluralize
from app_pages.components.shared.page import show_missing
from braintumor.enums import CLASSES, Split
from braintumor.results.metric import Metric, Metrics
from braintumor.results.study import StudyCheck
from braintumor.results.version import VersionReport


def choose_split(report: VersionReport, key: str) -> str:
    """The split to show; the test images unless the reader asks for others."""
    found = [split for split in SPLIT_TITLES if split in report.evaluation]
    default = Split.TEST if Split.TEST in found else found[0]
    return st.segmented_control(
        "Images", found, default=default, format_func=SPLIT_TITLES.__getitem__, key=key, required=True
    )


def choose_split_metrics(report: VersionReport, key: str, prefix: str, title: str) -> tuple[str, Metrics] | None:
    """The split the reader chose and its metrics; None, and said so, where no name begins with `needed`."""
    found = [report.evaluation[split] for split in SPLIT_TITLES if split in report.evaluation]
    if not any(name.startswith(prefix) for metrics in found for name in metrics):
        show_missing(f"{title} has not been measured for this version. Measure it with:", report.evaluate_command)
        return None
    split = choose_split(report, key)
    return split, report.evaluation[split]


def require_check(report: VersionReport, name: str, title: str) -> StudyCheck | None:
    """A stage of the study; None, and said so, where it was not measured or could not be."""
    stage = report.checks.get(name, StudyCheck())
    if stage.skip_reason:
        st.markdown(f"{title} was not measured. {stage.skip_reason}")
        return None
    if not stage.is_measured:
        show_missing(f"{title} has not been measured for this version. Measure it with:", report.study_command)
        return None
    if stage.is_outdated:
        show_missing(
            "The model or its thresholds changed after this was measured. Measure it again with:", report.study_command
        )
    return stage


def show_text_table(rows: Mapping[str, Mapping[str, str]], index_title: str, key: str) -> None:
    """A table of texts, row by row, in a container that scrolls sideways on a phone."""
    with st.container(key=f"numbers-{key}"):
        st.table(
            pd.DataFrame.from_dict(dict(rows), orient="index").fillna("").rename_axis(index_title), border="horizontal"
        )


def short_sample_size_text(estimate: Metric | None) -> str:
    """What an estimate was measured on, in short: `963 in 65 groups`."""
    if estimate is None or estimate.n is None:
        return ""
    return f"{estimate.n:,}" + (f" in {pluralize(estimate.groups, 'group')}" if estimate.groups is not None else "")


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
