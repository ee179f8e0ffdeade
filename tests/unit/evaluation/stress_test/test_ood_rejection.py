"""Novelty: areas by kind, and the price in refused scans."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.ood_rejection import IN_DISTRIBUTION, score_ood
from braintumor.inference.decision import OODScore


def _strange(*distances: float) -> list[OODScore]:
    return [OODScore(distance, 1.5, 2.0) for distance in distances]


def test_each_kind_has_its_area_and_its_share_refused() -> None:
    own = _strange(0.5, 0.7, 1.0, 1.6)
    groups = np.array(["a", "a", "b", "c"], object)
    found = score_ood(own, {"photograph": _strange(1.2, 5.0), "x-ray": _strange(9.0, 8.0)}, groups, 20)
    metrics = found.metrics
    assert metrics["roc_auc@kind:x-ray"]["value"] == 1
    assert metrics["roc_auc@kind:photograph"]["value"] == pytest.approx(7 / 8)
    assert metrics["roc_auc@kind:photograph"]["n"] == 6
    assert metrics["refused@kind:photograph"]["value"] == 0.5
    assert metrics[f"refused@kind:{IN_DISTRIBUTION}"]["value"] == 0
    assert metrics[f"odd@kind:{IN_DISTRIBUTION}"]["value"] == 0.25
    assert found.facts["pictures"] == {IN_DISTRIBUTION: 4, "photograph": 2, "x-ray": 2}
    assert found.curves["roc"]["false_alarms"][-1] == found.curves["roc"]["found"][-1] == 1
