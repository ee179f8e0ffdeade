"""Head CT and slices outside the brain have verdicts of their own, by network features and classifiers in the card."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import PictureKind, TumorClass, Verdict
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.input_check.feature_check import find_ct, find_outside_field
from braintumor.inference.input_check.limits import CTClassifier, FieldClassifier
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings
from tests.helpers.scan_files.pictures import make_sheet
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.versions.tiny import write_masked_version

CT = CTClassifier(features=(1,), weights=(2.0,), bias=0.0, reject_at=3.0)
CLASSIFIER = FieldClassifier(features=(0, 2), weights=(1.0, -2.0), bias=0.5, outside_at=1.0)
ALWAYS: dict[str, Any] = {"features": [0], "weights": [0.0], "bias": 1.0}


def outputs(*features: tuple[float, ...]) -> Outputs:
    return Outputs(np.zeros((len(features), 4), np.float32), features=np.array(features, np.float32))


def test_log_odds_at_the_limit_are_outside() -> None:
    # 0.5 + 0.5 - 2 x 0 = 1.0 reaches the limit; the second feature is not used.
    assert find_outside_field(CLASSIFIER, outputs((0.5, 9.0, 0.0), (0.4, 9.0, 0.0), (2.5, 0.0, 1.0))).tolist() == [
        True, False, True,
    ]  # fmt: skip


def test_log_odds_at_the_limit_are_ct() -> None:
    assert find_ct(CT, outputs((9.0, 1.5), (9.0, 1.4))).tolist() == [True, False]


def test_version_without_classifier_or_features_finds_nothing() -> None:
    assert not find_ct(None, outputs((1e9, 1e9))).any()
    assert not find_ct(CT, Outputs(np.zeros((2, 4), np.float32))).any()
    assert not find_outside_field(None, outputs((1e9, 0.0, 0.0))).any()
    assert not find_outside_field(CLASSIFIER, Outputs(np.zeros((2, 4), np.float32))).any()


def test_classifier_needs_a_weight_for_each_feature() -> None:
    with pytest.raises(ValueError, match="2 features, but 1 weights"):
        FieldClassifier(features=(0, 2), weights=(1.0,), bias=0.0, outside_at=0.0)


def test_slice_outside_the_brain_has_its_own_verdict(workspace: Settings) -> None:
    write_masked_version(workspace.outputs, "plain")
    write_masked_version(workspace.outputs, "checked", field={"outside_at": 0.0, **ALWAYS})
    plain, checked = (Detector.load(name, workspace) for name in ("plain", "checked"))
    scan = read_scan(make_phantom(TumorClass.GLIOMA, 77, 160).pixels)
    detection = checked.detect(scan)
    assert plain.detect(scan).verdict.has_result
    assert detection.verdict is Verdict.OUTSIDE_FIELD
    assert "the model did not look for a tumour" in detection.reason
    frames = np.stack([make_phantom(TumorClass.GLIOMA, 77, CONTRACT.height).pixels] * 2)
    results = checked.infer(frames)
    assert set(checked.verdicts(results, checked.probabilities(results), frames)) == {Verdict.OUTSIDE_FIELD}
    assert plain.artifact.card.fingerprint != checked.artifact.card.fingerprint


def test_picture_like_ct_is_rejected_unless_its_file_states_mr(workspace: Settings) -> None:
    write_masked_version(workspace.outputs, "plain")
    write_masked_version(workspace.outputs, "checked", ct={"reject_at": 0.0, **ALWAYS})
    plain, checked = (Detector.load(name, workspace) for name in ("plain", "checked"))
    scan = read_scan(make_phantom(TumorClass.GLIOMA, 77, 160).pixels)
    detection = checked.detect(scan)
    assert detection.verdict is Verdict.NOT_BRAIN_MRI
    assert detection.reason.startswith("It looks like a head CT.")
    assert checked.detect(replace(scan, modality="MR")).verdict is plain.detect(scan).verdict
    assert plain.artifact.card.fingerprint != checked.artifact.card.fingerprint


def test_sheet_is_not_called_outside_the_brain(workspace: Settings) -> None:
    write_masked_version(workspace.outputs, field={"outside_at": 0.0, **ALWAYS})
    detection = Detector.load("v4", workspace).detect(make_sheet(2, 2))
    assert detection.picture is PictureKind.SHEET
    assert detection.verdict is not Verdict.OUTSIDE_FIELD
    assert "shows no brain" not in detection.reason
