"""Tables and sentences about other sources follow the metrics, and are empty without them."""

from pathlib import Path

import pandas as pd
import pytest

from app_pages.components.summary.clinician import list_limits
from braintumor.enums import Split
from braintumor.results.metric import Metric, Metrics
from braintumor.results.other_sources import (
    leave_one_source_out_rows,
    read_leave_one_source_out,
    summarize_false_alarms,
    summarize_leave_one_source_out,
    summarize_tumors,
    summarize_validity,
    suspected_in_left_out_sources,
    tumor_free_rows,
    tumor_rows,
)
from braintumor.results.stress_test import SOURCES_CHECK, StressTestResult
from braintumor.results.version import VersionReport, read_version_report
from braintumor.settings import Settings
from tests.helpers.versions.measured import LEFT_OUT_SOURCES, OTHER_SOURCES, measure_leave_one_source_out
from tests.helpers.versions.tiny import write_version

SOURCES = {"lgg_other": {"title": "TCGA-LGG", "left_out": False}}
SIZE = "(40 images, 12 groups)"
CHECK = StressTestResult(
    {name: Metric(value, n=40, groups=12) for name, value in OTHER_SOURCES.items()}, {}, {"sources": SOURCES}
)
PLANES = {
    "tumor_sensitivity@plane:axial": Metric(0.94, (0.9, 0.97), 30, 5),
    "tumor_sensitivity@plane:sagittal": Metric(0.98, (0.95, 1.0), 20, 4),
}
FLAGGED = {
    "flagged@sources:left-out": Metric(0.6, n=40, groups=9),
    "flagged@contrast:T1": Metric(0.3, (0.2, 0.4)),
    "flagged@contrast:T2": Metric(0.9),
    "false_alarms@sources:left-out": Metric(0.08, n=50, groups=8),
}


def test_rows_are_by_source_then_over_all_sources() -> None:
    rows = tumor_free_rows(CHECK)
    assert list(rows) == [
        "TCGA-LGG (test patients): axial", "All sources: axial", "All sources: sagittal", "Skull-stripped",
        "Other lesions (multiple sclerosis)",
    ]  # fmt: skip
    assert rows["All sources: axial"] == {
        "Measured on": "40 images, 12 groups", "Tumour as most likely class": "20.0%", "Tumour suspected": "10.0%",
    }  # fmt: skip


def test_source_of_few_slices_has_one_row() -> None:
    assert list(tumor_rows(CHECK)) == ["TCGA-LGG (test patients): T1", "yale_mets_t2"]


def test_false_alarms_are_summarized_by_plane_and_source() -> None:
    assert summarize_false_alarms(CHECK) == (
        f"Tumour-free slices of other sources that are flagged, by plane: axial 10.0% {SIZE} and sagittal 30.0% "
        f"{SIZE}; by source: TCGA-LGG (test patients) 15.0% {SIZE}. A tumour is the most likely class in: axial 20.0% "
        f"{SIZE} and sagittal 50.0% {SIZE}."
    )


def test_tumors_are_summarized_over_left_out_sources() -> None:
    assert summarize_tumors(CHECK) == (
        f"Tumours of sources left out of training: a tumour is the most likely class in 90.0% {SIZE}, and 80.0% {SIZE} "
        f"are flagged. AUC within patients, tumour against tumour-free slices: T1 0.81 {SIZE}. Prediction sets of "
        f"left-out sources contain the class: tumours 93.0% {SIZE}. Calibration error on left-out sources: 0.05 {SIZE}."
    )


def test_without_metrics_there_is_nothing_to_show() -> None:
    assert not any(
        make(StressTestResult()) for make in (tumor_free_rows, tumor_rows, summarize_false_alarms, summarize_tumors)
    )


def test_held_out_sources_have_a_row_each_with_their_areas() -> None:
    check = StressTestResult({name: Metric(value, None, 40, 12) for name, value in LEFT_OUT_SOURCES.items()})
    assert leave_one_source_out_rows(check) == {
        "lgg_other": {
            "Tumours: tumour as most likely class": "91.0%", "Tumours suspected": "82.0%", "Tumours rejected": "1.0%",
            "Tumour-free: tumour as most likely class": "6.0%", "Tumour-free suspected": "5.0%",
            "Tumour-free rejected": "2.0%", "Tumours: class in the prediction set": "96.0%",
            "Tumour-free: class in the prediction set": "98.0%", "AUC": "0.87", "AUC within patients": "0.81",
        }
    }  # fmt: skip
    assert "these networks reach an AUC of 0.90 and 0.80." in summarize_leave_one_source_out(check)


@pytest.mark.parametrize("content", ["{", "[]", '{"metrics": 3}', '{"model": "other", "metrics": {}}'])
def test_damaged_or_outdated_scores_of_held_out_sources_are_not_shown(content: str, workspace: Settings) -> None:
    write_version(workspace.outputs)
    assert read_leave_one_source_out(read_version_report("v1", workspace)) is None
    (workspace.outputs / "v1" / "leave_one_source_out.json").write_text(content)
    assert read_leave_one_source_out(read_version_report("v1", workspace)) is None
    measure_leave_one_source_out(workspace)
    assert read_leave_one_source_out(read_version_report("v1", workspace)) is not None


def _report(planes: Metrics, sources: Metrics) -> VersionReport:
    checks = {SOURCES_CHECK: StressTestResult(sources)} if sources else {}
    return VersionReport("v9", Path(), None, {Split.TEST: planes}, {}, pd.DataFrame(), (), checks)


def test_sentence_has_planes_left_out_sources_and_the_worst_contrast() -> None:
    text = summarize_validity(_report(PLANES, FLAGGED))
    assert "by plane of: axial 94.0% (95% CI 90.0 to 97.0; 30 images, 5 groups) and sagittal 98.0% (" in text
    assert "60.0% (40 images, 9 groups) of the tumours (lowest for T1: 30.0% (20.0 to 40.0))" in text
    assert text.endswith("and 8.0% (50 images, 8 groups) of the tumour-free slices.")
    assert text.count(". ") == 1


def test_missing_measurements_are_named_and_none_is_invented() -> None:
    assert summarize_validity(_report(PLANES, {})).endswith("no current measurement on other sources.")
    assert summarize_validity(_report({}, FLAGGED)) == ""
    assert suspected_in_left_out_sources(_report(PLANES, {})) is None


def test_limits_for_clinicians_state_the_tumours_suspected_in_left_out_sources() -> None:
    cleared = {"tumors@verdict:no tumor found": Metric(0.004, n=100, groups=9)}
    limit = list_limits(_report(cleared, FLAGGED))[0]
    assert "it suspected 60.0% of the tumours from sources left out of training" in limit
    assert list_limits(_report({}, FLAGGED))[0] == "It cannot exclude a tumour."
