"""Scores of a split: a binary model is scored at its threshold, and never by tumour type."""

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import NO_TUMOR_INDEX, UNKNOWN_TYPE_INDEX, Task
from braintumor.evaluation.data import SplitPredictions
from braintumor.evaluation.scoring import score_binary
from braintumor.inference import load_artifact
from braintumor.inference.card_sections import BinaryDecision
from braintumor.inference.decision import decide_verdict, softmax, tumor_probability
from braintumor.inference.outputs import Outputs
from tests.helpers.binary_scores import random_scores


@pytest.mark.parametrize("tumor_label", [0, UNKNOWN_TYPE_INDEX])
def test_binary_split_has_no_scores_by_tumor_type(tumor_label: int) -> None:
    is_tumor, tumor = random_scores(3)
    log_odds = np.log(tumor) - np.log1p(-tumor)
    logits = np.repeat((log_odds - np.log(3))[:, None], 4, axis=1)
    logits[:, NO_TUMOR_INDEX] = 0.0
    maps = np.random.default_rng(0).random((len(is_tumor), 4, 3, 3)).astype(np.float32)
    outputs = Outputs(logits.astype(np.float32), maps)
    calibrated = softmax(logits)
    assert tumor_probability(calibrated) == pytest.approx(tumor)
    card = load_artifact("v1").card.model_copy(
        update={"task": Task.BINARY, "binary_decision": BinaryDecision(threshold=0.4)}
    )
    manifest = pd.DataFrame({"group": [f"g{i // 2}" for i in range(len(is_tumor))], "plane": "axial", "origin": "a"})
    masks = np.zeros((len(is_tumor), 12, 12), np.uint8)
    masks[is_tumor, 2:6, 2:6] = 1
    verdicts = np.array([decide_verdict(float(p), card.thresholds)[0] for p in tumor], object)
    labels = np.where(is_tumor, tumor_label, NO_TUMOR_INDEX)
    entries, curves = score_binary(SplitPredictions(manifest, labels, outputs, calibrated, verdicts, masks), card, 40)
    assert entries["accuracy"]["value"] == pytest.approx(((tumor >= 0.4) == is_tumor).mean(), abs=1e-6)
    assert entries["tumor_sensitivity"]["n"] == is_tumor.sum()
    assert np.array(curves["confusion"]).sum() == len(is_tumor)
    assert set(curves["roc"]) == {"tumor"}
    assert entries["map_pointing_game"]["n"] == is_tumor.sum()
    tumor_types = ("glioma", "meningioma", "pituitary")
    assert not [name for name in entries if name.endswith(tumor_types)]
    assert 1.0 <= entries["set_size"]["value"] <= 2.0
