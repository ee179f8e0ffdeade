"""Calibration with folds: out-of-fold outputs of training and validation patients, and never of test patients."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import NO_TUMOR_INDEX, Split
from braintumor.evaluation.calibration.calibrate import calibrate
from braintumor.evaluation.calibration.calibration_scans import load_calibration_scans
from braintumor.evaluation.calibration.out_of_fold import write_out_of_fold
from braintumor.inference import Detector
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.out_of_fold import external_rows, out_of_fold, write_manifests
from tests.helpers.versions.tiny import write_masked_version

ROWS = external_rows()
IS_TUMOR = np.array([row["label"] == "glioma" for row in ROWS])
IS_TEST = np.array([row["split"] == "test" for row in ROWS])
LOG_ODDS = np.where(IS_TUMOR, 3.0, -3.0) + np.linspace(-4, 4, len(ROWS))


@pytest.fixture(scope="module")
def data() -> TrainingData:
    """Phantoms of the Kaggle set; those of the last class stand in for a source that is held out."""
    phantoms = phantom_data(CONTRACT)
    origin = np.where(phantoms.manifest["label"] == "pituitary", "btp_t1c", "phantom")
    return replace(phantoms, manifest=phantoms.manifest.assign(origin=origin, licence="CC0-1.0"))


def _calibrate(settings: Settings, data: TrainingData, table: pd.DataFrame | None) -> dict[str, Any]:
    name = f"version{len(list(settings.outputs.iterdir()))}"
    folder = write_masked_version(settings.outputs, name)
    write_manifests(settings, ROWS)
    if table is not None:
        write_out_of_fold(folder, table)
    detector = Detector.load(name, settings)
    calibrate(name, data, detector.infer_all(data.model_inputs), detector, settings)
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card


def test_calibration_is_fitted_to_left_out_sources(workspace: Settings, data: TrainingData) -> None:
    without = _calibrate(workspace, data, None)
    with_folds = _calibrate(workspace, data, out_of_fold(ROWS, LOG_ODDS.tolist()))
    assert "cross-conformal" not in without["thresholds"]["chosen"]
    note = with_folds["thresholds"]["chosen"]
    assert "and 48 training and validation images of 24 groups of 2 sources" in note
    assert "cross-conformal, with folds over sources; Vovk 2015" in note
    assert "of the tumours (worst source: btp_t1c" in note
    assert "at most 5% of the tumour-free scans" in note
    for entry in ("fusion", "temperature", "thresholds", "conformal"):
        assert without[entry] != with_folds[entry]
    assert without["ood"] == with_folds["ood"]


def test_test_patients_do_not_change_the_calibration(workspace: Settings, data: TrainingData) -> None:
    cards = [
        _calibrate(workspace, data, out_of_fold(ROWS, log_odds.tolist()))
        for log_odds in (LOG_ODDS, np.where(IS_TEST, -LOG_ODDS, LOG_ODDS))
    ]
    for entry in ("fusion", "temperature", "thresholds", "conformal"):
        assert cards[0][entry] == cards[1][entry]


def test_sources_that_were_held_out_count_only_out_of_fold(workspace: Settings, data: TrainingData) -> None:
    folder = write_masked_version(workspace.outputs, "v5")
    write_manifests(workspace, ROWS)
    write_out_of_fold(folder, out_of_fold(ROWS, LOG_ODDS.tolist()))
    outputs = Detector.load("v5", workspace).infer_all(data.model_inputs)
    scans = load_calibration_scans(folder, data, outputs, workspace)
    is_left_out = scans.manifest["is_left_out"].to_numpy()
    assert set(scans.manifest["origin"][~is_left_out]) == {"phantom"}
    assert set(scans.manifest["origin"][is_left_out]) == {"btp_t1c", "lgg_other"}
    assert len(scans.data.split_rows(Split.VALIDATION)) == (~is_left_out).sum()
    assert len(data.split_rows(Split.VALIDATION)) > (~is_left_out).sum()
    evidence = scans.outputs.mask_log_odds()
    assert evidence is not None
    assert evidence[is_left_out] == pytest.approx(LOG_ODDS[~IS_TEST], abs=1e-3)
    assert ((scans.labels == NO_TUMOR_INDEX) == (scans.manifest["label"] == "notumor")).all()
    assert scans.weights is not None
    assert scans.weights.sum() == pytest.approx(1)


def test_slices_outside_the_brain_are_not_calibrated_on(workspace: Settings, data: TrainingData) -> None:
    folder = write_masked_version(workspace.outputs, "v5")
    write_manifests(workspace, [row | {"field": "outside" if row["origin"] == "lgg_other" else ""} for row in ROWS])
    write_out_of_fold(folder, out_of_fold(ROWS, LOG_ODDS.tolist()))
    outputs = Detector.load("v5", workspace).infer_all(data.model_inputs)
    scans = load_calibration_scans(folder, data, outputs, workspace)
    assert set(scans.manifest["origin"]) == {"phantom", "btp_t1c"}
