"""Two ways: scores of tumour against none are those of four classes collapsed, at the version's own threshold."""


import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, roc_auc_score

from braintumor.enums import NO_TUMOR_INDEX, UNKNOWN_TYPE_INDEX, Task, Verdict
from braintumor.evaluation.calibration.fit import fit_binary_threshold
from braintumor.evaluation.scoring import SplitPredictions, binary_confusion_matrix, binary_metrics, score_binary
from braintumor.inference import load_artifact
from braintumor.inference.card_sections import BinaryDecision
from braintumor.inference.decision import Thresholds, decide_verdict, softmax, tumor_probability
from braintumor.inference.outputs import Outputs


def _drawn(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    ill = generator.random(count) < 0.6
    ill[:2] = True, False
    return ill, np.clip(generator.normal(np.where(ill, 0.65, 0.35), 0.2), 0.001, 0.999)


@given(st.integers(0, 200), st.floats(0.1, 0.9))
def test_metrics_are_those_of_scikit_learn(seed: int, threshold: float) -> None:
    ill, tumor = _drawn(seed)
    said = tumor >= threshold
    found = binary_metrics(ill, said, tumor, tumor)
    assert found["accuracy"] == pytest.approx(accuracy_score(ill, said))
    assert found["macro_f1"] == pytest.approx(f1_score(ill, said, average="macro"))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(ill, tumor))
    assert found["loss"] == pytest.approx(log_loss(ill, tumor))
    assert found["brier"] == pytest.approx(2 * brier_score_loss(ill, tumor))
    assert found["tumor_sensitivity"] == pytest.approx(said[ill].mean())
    assert found["tumor_specificity"] == pytest.approx((~said[~ill]).mean())


def test_an_image_that_counts_twice_is_as_good_as_two() -> None:
    ill, tumor = _drawn(1)
    said, weights = tumor >= 0.5, np.ones(len(ill))
    weights[:7] = 2.0
    doubled = [np.concatenate([values, values[:7]]) for values in (ill, said, tumor, tumor)]
    found, wanted = binary_metrics(ill, said, tumor, tumor, weights), binary_metrics(*doubled)
    for name in found.keys() - {"aurc"}:  # copies need not stand side by side among equally sure scans
        assert found[name] == pytest.approx(wanted[name]), name
    assert (
        binary_confusion_matrix(ill, said, weights).tolist() == binary_confusion_matrix(doubled[0], doubled[1]).tolist()
    )


@given(st.integers(0, 200))
def test_no_threshold_adds_sensitivity_and_specificity_up_to_more_than_the_one_chosen(seed: int) -> None:
    ill, tumor = _drawn(seed)

    def both(threshold: float) -> float:
        said = tumor >= threshold
        return float(said[ill].mean() + (~said[~ill]).mean())

    chosen = both(fit_binary_threshold(tumor, ill, Thresholds(0.0, 1.0)))
    assert all(chosen >= both(t) - 1e-12 for t in (*tumor, 0.0, 1.0))


@given(st.integers(0, 200), st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_the_answer_never_contradicts_a_clear_verdict(seed: int, ends: list[float]) -> None:
    ill, tumor = _drawn(seed)
    limits = Thresholds(*ends)
    decision = fit_binary_threshold(tumor, ill, limits)
    for probability in (*tumor, *ends):
        verdict, said = decide_verdict(float(probability), limits)[0], probability >= decision
        assert verdict is not (Verdict.NO_TUMOR_FOUND if said else Verdict.TUMOR_SUSPECTED)


@pytest.mark.parametrize("ill_label", [0, UNKNOWN_TYPE_INDEX])
def test_a_split_is_scored_without_a_word_about_kinds(ill_label: int) -> None:
    ill, tumor = _drawn(3)
    z = np.log(tumor) - np.log1p(-tumor)
    logits = np.repeat((z - np.log(3))[:, None], 4, axis=1)
    logits[:, NO_TUMOR_INDEX] = 0.0
    maps = np.random.default_rng(0).random((len(ill), 4, 3, 3)).astype(np.float32)
    outputs = Outputs(logits.astype(np.float32), maps)
    calibrated = softmax(logits)
    assert tumor_probability(calibrated) == pytest.approx(tumor)
    card = load_artifact("v1").card.model_copy(update={"task": Task.BINARY, "binary_decision": BinaryDecision(threshold=0.4)})
    manifest = pd.DataFrame({"group": [f"g{i // 2}" for i in range(len(ill))], "plane": "axial", "origin": "a"})
    masks = np.zeros((len(ill), 12, 12), np.uint8)
    masks[ill, 2:6, 2:6] = 1
    verdicts = np.array([decide_verdict(float(p), card.thresholds)[0] for p in tumor], object)
    labels = np.where(ill, ill_label, NO_TUMOR_INDEX)
    entries, curves = score_binary(SplitPredictions(manifest, labels, outputs, calibrated, verdicts, masks), card, 40)
    assert entries["accuracy"]["value"] == pytest.approx(((tumor >= 0.4) == ill).mean(), abs=1e-6)
    assert entries["tumor_sensitivity"]["n"] == ill.sum()
    assert np.array(curves["confusion"]).sum() == len(ill)
    assert set(curves["roc"]) == {"tumor"}
    assert entries["map_pointing_game"]["n"] == ill.sum()
    kinds = ("glioma", "meningioma", "pituitary")
    assert not [name for name in entries if name.endswith(kinds)]
    assert 1.0 <= entries["set_size"]["value"] <= 2.0
