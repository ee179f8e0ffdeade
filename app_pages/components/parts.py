"""Parts of the Performance page share these: which images to show, a table of estimates, and what a study lacks."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from app_pages.components.frame import missing
from app_pages.components.words import SPLIT_TITLES, count
from braintumor.evaluation.measures import Estimate, Metrics
from braintumor.evaluation.report import Report
from braintumor.evaluation.stages import Stage
from braintumor.vocabulary import Split


def choose_split(report: Report, key: str) -> str:
    """The split to show; the test images unless the reader asks for others."""
    found = [split for split in SPLIT_TITLES if split in report.evaluation]
    default = Split.TEST if Split.TEST in found else found[0]
    return st.segmented_control(
        "Images", found, default=default, format_func=SPLIT_TITLES.__getitem__, key=key, required=True
    )


def split_metrics(report: Report, key: str, needed: str, what: str) -> tuple[str, Metrics] | None:
    """The split the reader chose and its metrics; None, and said so, where no name begins with `needed`."""
    found = [report.evaluation[split] for split in SPLIT_TITLES if split in report.evaluation]
    if not any(name.startswith(needed) for metrics in found for name in metrics):
        missing(f"{what} has not been measured for this version. Measure it with:", report.remedy)
        return None
    split = choose_split(report, key)
    return split, report.evaluation[split]


def stage_of(report: Report, name: str, what: str) -> Stage | None:
    """A stage of the study; None, and said so, where it was not measured or could not be."""
    stage = report.stages.get(name, Stage())
    if stage.skipped:
        st.markdown(f"{what} was not measured. {stage.skipped}")
        return None
    if not stage.measured:
        missing(f"{what} has not been measured for this version. Measure it with:", report.study)
        return None
    if stage.stale:
        missing("The model or its thresholds changed after this was measured. Measure it again with:", report.study)
    return stage


def table(rows: Mapping[str, Mapping[str, str]], first: str, key: str) -> None:
    """A table of texts, row by row, in a container that scrolls sideways on a phone."""
    with st.container(key=f"numbers-{key}"):
        st.table(pd.DataFrame.from_dict(dict(rows), orient="index").fillna("").rename_axis(first), border="horizontal")


def counted(estimate: Estimate | None) -> str:
    """What an estimate was measured on, in short: `963 in 65 groups`."""
    if estimate is None or estimate.n is None:
        return ""
    return f"{estimate.n:,}" + (f" in {count(estimate.groups, 'group')}" if estimate.groups is not None else "")
