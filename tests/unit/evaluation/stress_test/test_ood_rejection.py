"""Out-of-distribution rejection: ROC area and rejection rate by kind of image."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.ood_rejection import IN_DISTRIBUTION, score_ood
from braintumor.inference.decision import OODScore


def _ood_scores(*distances: float) -> list[OODScore]:
    return [OODScore(distance, 1.5, 2.0) for distance in distances]


def test_each_kind_has_an_auc_and_a_rejection_rate() -> None:
    test_scores = _ood_scores(0.5, 0.7, 1.0, 1.6)
    groups = np.array(["a", "a", "b", "c"], object)
    result = score_ood(test_scores, {"photograph": _ood_scores(1.2, 5.0), "x-ray": _ood_scores(9.0, 8.0)}, groups, 20)
    metrics = result.metrics
    assert metrics["roc_auc@kind:x-ray"]["value"] == 1
    assert metrics["roc_auc@kind:photograph"]["value"] == pytest.approx(7 / 8)
    assert metrics["roc_auc@kind:photograph"]["n"] == 6
    assert metrics["refused@kind:photograph"]["value"] == 0.5
    assert metrics[f"refused@kind:{IN_DISTRIBUTION}"]["value"] == 0
    assert metrics[f"odd@kind:{IN_DISTRIBUTION}"]["value"] == 0.25
    assert result.facts["pictures"] == {IN_DISTRIBUTION: 4, "photograph": 2, "x-ray": 2}
    assert result.curves["roc"]["false_alarms"][-1] == result.curves["roc"]["found"][-1] == 1
