"""Rejection: AUC of the out-of-distribution score, and the shares of verdicts by kind of image."""

import pandas as pd
import pytest

from braintumor.enums import Verdict
from braintumor.evaluation.stress_test.ood_rejection import score_ood
from braintumor.results.rejection import IN_DISTRIBUTION

_READ, _UNCERTAIN, _REJECTED = Verdict.NO_TUMOR_FOUND, Verdict.UNCERTAIN, Verdict.NOT_BRAIN_MRI


def test_each_kind_has_an_auc_and_the_shares_of_its_verdicts() -> None:
    pictures = pd.DataFrame(
        [
            (IN_DISTRIBUTION, 0.1, _READ, "a"),
            (IN_DISTRIBUTION, 0.2, _READ, "a"),
            (IN_DISTRIBUTION, 0.3, _REJECTED, "b"),
            (IN_DISTRIBUTION, 0.4, _UNCERTAIN, "c"),
            ("photograph", 0.35, _READ, "d"),
            ("photograph", 0.6, _REJECTED, "e"),
            ("head-ct", 0.9, _REJECTED, "f"),
            ("head-ct", 0.8, _REJECTED, "g"),
        ],
        columns=["kind", "score", "verdict", "group"],
    )
    result = score_ood(pictures, 20)
    metrics = result.metrics
    assert metrics["roc_auc@kind:head-ct"]["value"] == 1
    assert metrics["roc_auc@kind:photograph"]["value"] == pytest.approx(7 / 8)
    assert metrics["roc_auc@kind:photograph"]["n"] == 6
    rejected = {name: metrics[f"rejected@kind:{name}"]["value"] for name in pictures["kind"].unique()}
    assert rejected == {IN_DISTRIBUTION: 0.25, "photograph": 0.5, "head-ct": 1.0}
    assert metrics[f"uncertain@kind:{IN_DISTRIBUTION}"]["value"] == 0.25
    assert result.facts["pictures"] == {IN_DISTRIBUTION: 4, "photograph": 2, "head-ct": 2}
    assert result.curves["roc"]["false_alarms"][-1] == result.curves["roc"]["found"][-1] == 1
