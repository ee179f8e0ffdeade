"""Classification metrics agree with scikit-learn, and weights act as repetitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from braintumor.enums import CLASS_NAMES, TUMOR_INDICES
from braintumor.evaluation.metrics.classification import (
    classification_metrics,
    confusion_matrix,
    expected_calibration_error,
    roc_pr_auc,
)


def _sample(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(4), generator.integers(4, size=count - 4)])
    probabilities = generator.dirichlet(np.ones(4), count) + 0.6 * np.eye(4)[labels]
    return labels, np.round(probabilities / probabilities.sum(axis=1, keepdims=True), 2)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40)
@given(seed=seeds)
def test_metrics_agree_with_scikit_learn(seed: int) -> None:
    labels, probabilities = _sample(seed)
    metrics = classification_metrics(labels, probabilities, probabilities)
    predicted = probabilities.argmax(axis=1)
    assert metrics["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    assert metrics["macro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(labels, predicted, average="macro", zero_division=0)
    )
    precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)
    for i, name in enumerate(CLASS_NAMES):
        assert metrics[f"precision/{name}"] == pytest.approx(precision[i])
        assert metrics[f"recall/{name}"] == pytest.approx(recall[i])
        assert metrics[f"f1/{name}"] == pytest.approx(f1[i])
        truth, score = labels == i, probabilities[:, i]
        assert metrics[f"roc_auc/{name}"] == pytest.approx(sklearn_metrics.roc_auc_score(truth, score))
        assert metrics[f"pr_auc/{name}"] == pytest.approx(sklearn_metrics.average_precision_score(truth, score))
    assert (
        confusion_matrix(labels, predicted) == sklearn_metrics.confusion_matrix(labels, predicted, labels=range(4))
    ).all()


@settings(max_examples=40)
@given(seed=seeds)
def test_weights_act_as_repetitions(seed: int) -> None:
    labels, probabilities = _sample(seed)
    weights = np.random.default_rng(seed).integers(0, 4, len(labels)).astype(float)
    weights[:4] = 1
    rows = np.repeat(np.arange(len(labels)), weights.astype(int))
    weighted = classification_metrics(labels, probabilities, probabilities, weights)
    repeated = classification_metrics(labels[rows], probabilities[rows], probabilities[rows])
    assert weighted == pytest.approx(repeated)


def test_wrong_tumor_type_counts_for_tumor_sensitivity() -> None:
    labels = np.array([0, 1, 3, 2, 2])
    probabilities = np.eye(4)[[1, 1, 2, 2, 0]]
    metrics = classification_metrics(labels, probabilities, probabilities)
    assert metrics["tumor_sensitivity"] == pytest.approx(2 / 3)
    assert metrics["tumor_specificity"] == pytest.approx(1 / 2)


def test_loss_uses_uncalibrated_probabilities() -> None:
    labels, probabilities = _sample(3)
    metrics = classification_metrics(labels, np.clip(probabilities, 0.01, 1), np.full_like(probabilities, 0.25))
    assert metrics["loss"] == pytest.approx(-np.log(np.clip(probabilities, 0.01, 1)[np.arange(60), labels]).mean())
    assert metrics["brier"] == pytest.approx(0.75)


def test_missing_class_has_no_area() -> None:
    roc, pr = roc_pr_auc(np.zeros(5, bool), np.linspace(0, 1, 5), np.ones(5))
    assert np.isnan(roc)
    assert np.isnan(pr)


def test_calibration_error_is_zero_if_calibrated_and_large_if_overconfident() -> None:
    calibrated = np.tile([0.75, 0.25, 0.0, 0.0], (400, 1))
    labels = np.repeat([0, 1], [300, 100])
    assert expected_calibration_error(labels, calibrated) == pytest.approx(0.0)
    assert expected_calibration_error(labels, np.tile([1.0, 0, 0, 0], (400, 1))) == pytest.approx(0.25)


def test_tumor_indices_exclude_only_notumor() -> None:
    assert [CLASS_NAMES[i] for i in TUMOR_INDICES] == ["glioma", "meningioma", "pituitary"]
