"""Selective prediction: risk-coverage curves, verdicts and prediction sets."""

import numpy as np
import pytest

from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.evaluation.metrics.selective import aurc, is_in_set, risk_coverage_curve, selective_metrics

GROUPS = np.arange(8).astype(str).astype(object)


def test_most_confident_scans_are_answered_first() -> None:
    coverage, risk = risk_coverage_curve(np.array([0.5, 0.9, 0.7, 0.6]), np.array([True, False, False, True]))
    assert coverage == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert risk == pytest.approx([0, 0, 1 / 3, 0.5])


def test_informative_confidence_has_a_lower_aurc() -> None:
    wrong = np.array([True, False, False, False])
    informative = aurc(np.array([0.1, 0.9, 0.8, 0.7]), wrong)
    uninformative = aurc(np.array([1.0, 0.9, 0.8, 0.7]), wrong)
    assert informative == pytest.approx(1 / 16)
    assert informative < uninformative


def test_weights_act_as_repetitions() -> None:
    confidence, wrong = np.array([0.9, 0.5, 0.7]), np.array([False, True, False])
    rows = np.repeat(np.arange(3), [2, 1, 0])
    assert aurc(confidence, wrong, np.array([2.0, 1.0, 0.0])) == pytest.approx(aurc(confidence[rows], wrong[rows]))


def _selective_metrics() -> tuple[dict, dict]:
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    probabilities = np.eye(4)[[0, 1, 1, 2, 2, 2, 3, 3]] * 0.8 + 0.05
    verdicts = np.array([Verdict.TUMOR_SUSPECTED] * 3 + [Verdict.NO_TUMOR_FOUND] * 3 + [Verdict.UNCERTAIN] * 2, object)
    return selective_metrics(labels, probabilities, verdicts, dict.fromkeys(CLASSES, 0.5), GROUPS, 20)


def test_verdicts_are_counted_and_scored() -> None:
    entries, _ = _selective_metrics()
    shares = {verdict: entries.get(f"share@verdict:{verdict}", {"value": 0})["value"] for verdict in Verdict}
    assert sum(shares.values()) == pytest.approx(1)
    assert entries[f"error@verdict:{Verdict.NO_TUMOR_FOUND}"]["value"] == pytest.approx(1 / 3)
    assert entries[f"error@verdict:{Verdict.TUMOR_SUSPECTED}"]["value"] == 0
    assert entries[f"tumors@verdict:{Verdict.TUMOR_SUSPECTED}"] | {"low": 0, "high": 0} == {
        "value": 0.5, "low": 0, "high": 0, "n": 6, "groups": 6,
    }  # fmt: skip
    assert f"error@verdict:{Verdict.NOT_BRAIN_MRI}" not in entries
    # Versions that cannot give this verdict keep their metrics as they are.
    assert not [name for name in entries if name.endswith(Verdict.OUTSIDE_FIELD)]


def test_prediction_sets_are_scored_by_class() -> None:
    entries, curves = _selective_metrics()
    assert entries["set_coverage"]["value"] == pytest.approx(0.75)
    assert entries["set_coverage/glioma"]["value"] == pytest.approx(0.5)
    assert entries["set_size"]["value"] == 1
    assert set(curves) == {"classes", "tumor"}
    assert entries["aurc@of:tumor"]["value"] <= entries["aurc"]["value"]


@pytest.mark.parametrize(
    ("label", "is_in_tumors", "is_in_tumor_free"),
    [("glioma", True, False), ("pituitary", False, False), ("tumor", True, False), ("other-lesion", False, True)],
)
def test_class_of_other_sources_is_looked_up_in_the_set(label: str, is_in_tumors: bool, is_in_tumor_free: bool) -> None:
    assert is_in_set(label, (TumorClass.GLIOMA, TumorClass.MENINGIOMA)) == is_in_tumors
    assert is_in_set(label, (TumorClass.NOTUMOR,)) == is_in_tumor_free
