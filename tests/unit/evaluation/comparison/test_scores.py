"""Scores of a comparison: each model's own task, and tumour against none for all."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.comparison.predictions import Predictions
from braintumor.evaluation.comparison.scans import CommonScans
from braintumor.evaluation.comparison.scores import correctness_by_metric, predicts_tumor, score_version
from braintumor.evaluation.metrics.classification import classification_metrics

THRESHOLD = 0.7


@pytest.fixture
def scans() -> CommonScans:
    labels = np.tile(CLASS_NAMES, 15)
    return CommonScans(pd.DataFrame({"label": labels, "group": [f"g{i // 2}" for i in range(len(labels))]}))


@pytest.fixture
def predictions(scans: CommonScans) -> Predictions:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(len(scans.labels), 4)) + 1.5 * np.eye(4)[scans.labels]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions(shares, np.full(len(shares), "uncertain", object))


def test_multiclass_scores_equal_those_of_the_evaluation(scans: CommonScans, predictions: Predictions) -> None:
    metrics = score_version(predictions, scans, None, 20)
    expected = classification_metrics(scans.labels, predictions.probabilities, predictions.probabilities)
    for name in ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier"):
        assert metrics[name]["value"] == pytest.approx(expected[name], abs=1e-6), name
    assert metrics["accuracy"]["low"] < metrics["accuracy"]["value"] < metrics["accuracy"]["high"]
    assert metrics["tumor_sensitivity"]["n"] == 45
    assert metrics["accuracy"]["groups"] == 30


def test_binary_scores_use_the_threshold_of_the_card(scans: CommonScans, predictions: Predictions) -> None:
    metrics = score_version(predictions, scans, THRESHOLD, 20)
    truth, predicted = scans.labels != 2, predictions.tumor_probability >= THRESHOLD
    assert metrics["accuracy"]["value"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-6)
    assert metrics["macro_f1"]["value"] == pytest.approx(f1_score(truth, predicted, average="macro"), abs=1e-6)
    assert metrics["roc_auc"]["value"] == pytest.approx(roc_auc_score(truth, predictions.tumor_probability), abs=1e-6)
    assert metrics["brier"]["value"] == pytest.approx(
        2 * ((predictions.tumor_probability - truth) ** 2).mean(), abs=1e-6
    )
    assert metrics["accuracy"] == metrics["tumor_accuracy"]


def test_every_model_predicts_tumor_or_none(scans: CommonScans, predictions: Predictions) -> None:
    predicts_any_tumor = predictions.probabilities.argmax(axis=1) != 2
    assert (predicts_tumor(predictions, None) == predicts_any_tumor).all()
    assert (predicts_tumor(predictions, THRESHOLD) == (predictions.tumor_probability >= THRESHOLD)).all()
    assert correctness_by_metric(predictions, scans, None).keys() == {"tumor_accuracy", "accuracy"}
    assert correctness_by_metric(predictions, scans, THRESHOLD).keys() == {"tumor_accuracy"}
    assert (
        correctness_by_metric(predictions, scans, None)["tumor_accuracy"].mean()
        == (predicts_any_tumor == (scans.labels != 2)).mean()
    )
