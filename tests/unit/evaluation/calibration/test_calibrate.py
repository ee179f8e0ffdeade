"""Calibration uses validation scans only, and a detector reads the result from the card."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from braintumor.enums import CLASS_NAMES, CLASSES, TUMOR_INDICES, Split
from braintumor.errors import DatasetError
from braintumor.evaluation.calibration.calibrate import calibrate, select_tta_views
from braintumor.evaluation.calibration.fit import CONFORMAL_LEVEL, MAX_FALSE_NEGATIVE_RATE, MAX_FALSE_POSITIVE_RATE
from braintumor.inference import Detector
from braintumor.inference.decision import tumor_probability
from braintumor.inference.outputs import Outputs
from braintumor.models.recipe import load_recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.tiny import write_masked_version, write_version


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(CONTRACT)


def _calibrated(name: str, data: TrainingData, settings: Settings) -> tuple[dict, Outputs]:
    detector = Detector.load(name, settings)
    outputs = detector.infer_all(data.model_inputs)
    calibrate(name, data, outputs, detector, settings)
    return json.loads(Path(settings.outputs / name / "card.json").read_text(encoding="utf-8")), outputs


def test_card_of_a_multitask_model_holds_every_fitted_value(data: TrainingData, workspace: Settings) -> None:
    write_masked_version(workspace.outputs, ood=None)
    card, outputs = _calibrated("v4", data, workspace)
    assert card["fusion"]["label"] >= 0
    assert card["fusion"]["mask"] >= 0
    assert card["fusion"]["label"] + card["fusion"]["mask"] > 0
    assert list(card["conformal"]["quantiles"]) == list(CLASS_NAMES)
    assert card["conformal"]["level"] == CONFORMAL_LEVEL
    assert f"{len(data.split_rows(Split.VALIDATION))} validation images" in card["thresholds"]["chosen"]
    assert len(card["files"]["ood_reference.csv"]) == 64
    detector = Detector.load("v4", workspace)
    ood_scores = detector.ood_scores(outputs, data.model_inputs)
    validation = [ood_scores[row] for row in data.split_rows(Split.VALIDATION)]
    assert np.mean([score is not None and score.is_unusual for score in validation]) <= 0.1
    # A cell that is dark in all training phantoms can put one validation phantom far out.
    assert sum(score is None or score.is_rejected for score in validation) <= 1


def test_skipping_the_train_split_needs_a_model_without_ood_reference(data: TrainingData, workspace: Settings) -> None:
    without_train = data.select(np.flatnonzero((data.manifest["split"] != Split.TRAIN).to_numpy()))
    assert without_train.count_images()["test"] == data.count_images()["test"]
    folder = write_version(workspace.outputs, "v1")
    (folder / "similar_scans.npz").write_bytes(b"from an earlier model")
    full_card, _ = _calibrated("v1", data, workspace)
    card, _ = _calibrated("v1", without_train, workspace)
    assert card["thresholds"] == full_card["thresholds"]
    assert card["temperature"] == full_card["temperature"]
    assert card["retrieval"] is None
    assert not (folder / "similar_scans.npz").exists()
    write_masked_version(workspace.outputs)
    with pytest.raises(DatasetError, match=r"^Cannot skip the training split of v4.*braintumor evaluate v4$"):
        _calibrated("v4", without_train, workspace)


def test_thresholds_meet_their_limits_on_validation_scans(data: TrainingData, workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    card, outputs = _calibrated("v4", data, workspace)
    rows = data.split_rows(Split.VALIDATION)
    tumor = tumor_probability(Detector.load("v4", workspace).probabilities(outputs.select(rows)))
    is_tumor = np.isin(data.labels[rows], TUMOR_INDICES)
    assert (tumor[is_tumor] <= card["thresholds"]["rule_out"]).mean() <= MAX_FALSE_NEGATIVE_RATE
    assert (tumor[~is_tumor] >= card["thresholds"]["rule_in"]).mean() <= MAX_FALSE_POSITIVE_RATE


def test_test_labels_do_not_change_the_calibration(data: TrainingData, workspace: Settings) -> None:
    test = data.split_rows(Split.TEST)
    labels = data.labels.copy()
    labels[test] = (labels[test] + 1) % len(CLASSES)
    cards = []
    for name, model_data in (("first", data), ("second", replace(data, labels=labels))):
        write_masked_version(workspace.outputs, name)
        cards.append(_calibrated(name, model_data, workspace)[0])
    for entry in ("fusion", "temperature", "thresholds", "conformal", "ood"):
        assert cards[0][entry] == cards[1][entry]


def test_model_without_mask_or_features_has_no_fusion_and_no_ood_score(data: TrainingData, workspace: Settings) -> None:
    write_version(workspace.outputs)
    card, outputs = _calibrated("v1", data, workspace)
    assert card["fusion"] == {"label": 1.0, "mask": 0.0, "bias": 0.0}
    assert card["ood"] is None
    assert "ood_reference.csv" not in card["files"]
    detector = Detector.load("v1", workspace)
    assert set(detector.ood_scores(outputs, data.model_inputs)) == {None}
    assert detector.detect(data.model_inputs[0]).ood_score is None


@pytest.mark.parametrize(("max_views", "measured"), [(1, ["1"]), (2, ["1", "2"])])
def test_views_are_tried_up_to_max_views(
    data: TrainingData, workspace: Settings, max_views: int, measured: list[str]
) -> None:
    recipe = load_recipe("v4").model_copy(update={"max_views": max_views}).model_dump(mode="json")
    write_masked_version(workspace.outputs, recipe=recipe)
    select_tta_views("v4", data, Detector.load("v4", workspace), workspace)
    views = json.loads((workspace.outputs / "v4" / "card.json").read_text(encoding="utf-8"))["views"]
    assert list(views["validation_loss"]) == measured
    assert views["count"] == int(min(measured, key=views["validation_loss"].get))
