"""External validation: clusters count once, and tumours are compared with tumour-free scans."""

import numpy as np
import pytest

from braintumor.enums import Verdict
from braintumor.evaluation.stress_test.external import score_external


def test_cluster_counts_once() -> None:
    truth = np.array([True] * 4 + [False] * 2)
    tumor = np.array([0.1, 0.1, 0.1, 0.9, 0.2, 0.3])
    verdicts = np.where(tumor > 0.5, Verdict.TUMOR_SUSPECTED, Verdict.UNCERTAIN).astype(object)
    groups = np.array(["x", "x", "x", "y", "h1", "h2"], object)
    metrics = score_external(truth, {"": tumor, "@by:mask": None}, verdicts, groups, 20).metrics
    assert metrics["flagged"]["value"] == pytest.approx(0.5)
    assert metrics["flagged_or_uncertain"]["value"] == 1
    assert metrics["roc_auc"]["value"] == pytest.approx(0.5)
    assert metrics["false_alarms"]["value"] == 0
    assert (metrics["flagged"]["n"], metrics["flagged"]["groups"]) == (4, 2)
    assert "roc_auc@by:mask" not in metrics


def test_sensitivity_and_specificity_use_the_predicted_class() -> None:
    truth = np.array([True, True, False, False])
    tumor = np.array([0.6, 0.6, 0.6, 0.2])
    verdicts, groups = np.full(4, Verdict.UNCERTAIN, object), np.array(list("abcd"), object)
    predicted = np.array(
        [True, False, False, False]
    )  # with 0.2 for each tumour type, no tumour can still be most probable
    metrics = score_external(truth, {"": tumor}, verdicts, groups, 20, predicted=predicted).metrics
    assert (metrics["tumor_sensitivity"]["value"], metrics["tumor_specificity"]["value"]) == (0.5, 1.0)
