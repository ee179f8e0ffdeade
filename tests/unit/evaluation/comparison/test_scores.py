"""Scores of a comparison: one question for all versions, its own for each, at the threshold it was given."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.comparison.predictions import Predictions, TestScans
from braintumor.evaluation.comparison.scores import correctness_by_metric, predicts_tumor, score_version
from braintumor.evaluation.metrics.classification import classification_metrics

THRESHOLD = 0.7


@pytest.fixture
def scans() -> TestScans:
    labels = np.tile(CLASS_NAMES, 15)
    return TestScans(pd.DataFrame({"label": labels, "group": [f"g{i // 2}" for i in range(len(labels))]}))


@pytest.fixture
def answers(scans: TestScans) -> Predictions:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(len(scans.labels), 4)) + 1.5 * np.eye(4)[scans.labels]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions(shares, np.full(len(shares), "uncertain", object))


def test_four_classes_are_scored_as_evaluation_scores_them(scans: TestScans, answers: Predictions) -> None:
    found = score_version(answers, scans, None, 20)
    expected = classification_metrics(scans.labels, answers.probabilities, answers.probabilities)
    for name in ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier"):
        assert found[name]["value"] == pytest.approx(expected[name], abs=1e-6), name
    assert found["accuracy"]["low"] < found["accuracy"]["value"] < found["accuracy"]["high"]
    assert found["tumor_sensitivity"]["n"] == 45
    assert found["accuracy"]["groups"] == 30


def test_tumour_against_none_is_scored_at_the_threshold_of_the_card(scans: TestScans, answers: Predictions) -> None:
    found = score_version(answers, scans, THRESHOLD, 20)
    truth, said = scans.labels != 2, answers.tumor_probability >= THRESHOLD
    assert found["accuracy"]["value"] == pytest.approx(accuracy_score(truth, said), abs=1e-6)
    assert found["macro_f1"]["value"] == pytest.approx(f1_score(truth, said, average="macro"), abs=1e-6)
    assert found["roc_auc"]["value"] == pytest.approx(roc_auc_score(truth, answers.tumor_probability), abs=1e-6)
    assert found["brier"]["value"] == pytest.approx(2 * ((answers.tumor_probability - truth) ** 2).mean(), abs=1e-6)
    assert found["accuracy"] == found["tumor_accuracy"]


def test_both_tasks_answer_whether_there_is_a_tumour(scans: TestScans, answers: Predictions) -> None:
    likeliest = answers.probabilities.argmax(axis=1) != 2
    assert (predicts_tumor(answers, None) == likeliest).all()
    assert (predicts_tumor(answers, THRESHOLD) == (answers.tumor_probability >= THRESHOLD)).all()
    assert correctness_by_metric(answers, scans, None).keys() == {"tumor_accuracy", "accuracy"}
    assert correctness_by_metric(answers, scans, THRESHOLD).keys() == {"tumor_accuracy"}
    assert (
        correctness_by_metric(answers, scans, None)["tumor_accuracy"].mean()
        == (likeliest == (scans.labels != 2)).mean()
    )
