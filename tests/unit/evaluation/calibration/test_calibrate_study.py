"""The rule for studies is fitted to validation patients, and only for models trained on all sets."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import NO_TUMOR_INDEX, Verdict
from braintumor.evaluation.calibration import calibrate_study as module
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings


class FakeDetector:
    """Gives the logits as probabilities, and is always uncertain."""

    def probabilities(self, outputs: Outputs) -> Any:
        return outputs.logits.astype(np.float64)

    def verdicts(self, outputs: Outputs, probabilities: Any, model_inputs: Any) -> Any:
        assert len(outputs.logits) == len(probabilities) == len(model_inputs)
        return np.array([Verdict.UNCERTAIN] * len(probabilities), object)


@pytest.mark.parametrize("is_trained_on_all", [True, False])
def test_rule_is_fitted_to_validation_patients(monkeypatch: pytest.MonkeyPatch, is_trained_on_all: bool) -> None:
    labels = ["glioma"] * 4 + ["notumor"] * 4
    manifest = pd.DataFrame({"path": [f"{number}.png" for number in range(16)], "label": labels * 2})
    manifest = manifest.assign(origin="set", plane="axial", field="", patient=list("aaaabbbbccccdddd"))
    splits = ["validation"] * 8 + ["test"] * 8
    if is_trained_on_all:
        manifest = manifest.assign(patient_split=splits)
    # The test patients are labelled the other way round.
    logits = np.zeros((16, 4), np.float32)
    logits[:, NO_TUMOR_INDEX] = [0.1] * 4 + [0.9] * 4 + [0.9] * 4 + [0.1] * 4
    logits[:, 0] = 1 - logits[:, NO_TUMOR_INDEX]
    written: dict[str, Any] = {}
    monkeypatch.setattr(module, "update_card", lambda name, settings, **entries: written.update(entries))
    data: Any = SimpleNamespace(manifest=manifest, model_inputs=np.zeros((16, 2, 2), np.uint8))
    module.calibrate_study("v", data, Outputs(logits), FakeDetector(), Settings())
    if not is_trained_on_all:
        assert not written
        return
    assert "2 studies of 1 patients with and 1 without" in written["study"]["chosen"]
    assert 0.1 < written["study"]["rule_in"] < 0.9
