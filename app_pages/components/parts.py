"""Parts of the Performance page share these: which images to show, a table of estimates, and what a study lacks."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from app_pages.components.frame import show_missing
from app_pages.components.words import SPLIT_TITLES, pluralize
from braintumor.evaluation.measures import Metric, Metrics
from braintumor.evaluation.report import VersionReport
from braintumor.evaluation.stages import StudyCheck
from braintumor.vocabulary import Split


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
