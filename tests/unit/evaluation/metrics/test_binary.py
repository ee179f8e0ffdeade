"""Binary metrics agree with scikit-learn, and weights act as repetitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, roc_auc_score

from braintumor.evaluation.metrics.binary import binary_confusion_matrix, binary_metrics
from tests.helpers.binary_scores import random_scores


@given(st.integers(0, 200), st.floats(0.1, 0.9))
def test_metrics_agree_with_scikit_learn(seed: int, threshold: float) -> None:
    is_tumor, tumor = random_scores(seed)
    predicted = tumor >= threshold
    metrics = binary_metrics(is_tumor, predicted, tumor, tumor)
    assert metrics["accuracy"] == pytest.approx(accuracy_score(is_tumor, predicted))
    assert metrics["macro_f1"] == pytest.approx(f1_score(is_tumor, predicted, average="macro"))
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(is_tumor, tumor))
    assert metrics["loss"] == pytest.approx(log_loss(is_tumor, tumor))
    assert metrics["brier"] == pytest.approx(2 * brier_score_loss(is_tumor, tumor))
    assert metrics["tumor_sensitivity"] == pytest.approx(predicted[is_tumor].mean())
    assert metrics["tumor_specificity"] == pytest.approx((~predicted[~is_tumor]).mean())


def test_weights_act_as_repetitions() -> None:
    is_tumor, tumor = random_scores(1)
    predicted, weights = tumor >= 0.5, np.ones(len(is_tumor))
    weights[:7] = 2.0
    doubled = [np.concatenate([values, values[:7]]) for values in (is_tumor, predicted, tumor, tumor)]
    metrics, expected = binary_metrics(is_tumor, predicted, tumor, tumor, weights), binary_metrics(*doubled)
    for name in metrics.keys() - {"aurc"}:  # copies need not stand side by side among equally sure scans
        assert metrics[name] == pytest.approx(expected[name]), name
    assert (
        binary_confusion_matrix(is_tumor, predicted, weights).tolist()
        == binary_confusion_matrix(doubled[0], doubled[1]).tolist()
    )
