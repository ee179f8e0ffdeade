"""Where the verdict holds is said with the numbers of the evaluation and of the stress test on other sources."""

from pathlib import Path

import pandas as pd

from braintumor.enums import Split
from braintumor.results.metric import Metric, Metrics
from braintumor.results.study import SOURCES_CHECK, StudyCheck
from braintumor.results.validity import summarize_validity
from braintumor.results.version import VersionReport

PLANES = {
    "tumor_sensitivity@plane:axial": Metric(0.94, (0.9, 0.97), 30, 5),
    "tumor_sensitivity@plane:sagittal": Metric(0.98, (0.95, 1.0), 20, 4),
}
LEFT_OUT = {
    "called@sources:left-out": Metric(0.6, n=40, groups=9),
    "called@contrast:T1": Metric(0.3, (0.2, 0.4)),
    "called@contrast:T2": Metric(0.9),
    "false_alarms@sources:left-out": Metric(0.08, n=50, groups=8),
}


def _report(planes: Metrics, sources: Metrics) -> VersionReport:
    checks = {SOURCES_CHECK: StudyCheck(sources)} if sources else {}
    return VersionReport("v9", Path(), None, {Split.TEST: planes}, {}, pd.DataFrame(), (), checks)


def test_sentence_has_planes_left_out_sources_and_the_worst_contrast() -> None:
    text = summarize_validity(_report(PLANES, LEFT_OUT))
    assert "by plane: axial 94.0% (95% CI 90.0 to 97.0; 30 images, 5 groups) and sagittal 98.0% (" in text
    assert "60.0% (40 images, 9 groups) of the tumours (fewest by contrast: T1, 30.0% (20.0 to 40.0))" in text
    assert text.endswith("and 8.0% (50 images, 8 groups) of the tumour-free slices.")
    assert text.count(". ") == 0


def test_missing_measurements_are_named_and_none_is_invented() -> None:
    assert summarize_validity(_report(PLANES, {})).endswith("no current measurement on other sources.")
    assert summarize_validity(_report({}, LEFT_OUT)) == ""
