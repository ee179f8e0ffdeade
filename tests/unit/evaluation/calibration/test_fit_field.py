"""The check for slices outside the brain is fitted to training patients, limited on validation and measured on test."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from braintumor.enums import NO_CLASS_INDEX, NO_TUMOR_INDEX, Split
from braintumor.evaluation.calibration.fit_field import (
    BRAIN_OUTSIDE_RATE,
    TUMOR_OUTSIDE_RATE,
    fit_field_check,
    fit_field_classifier,
)
from braintumor.inference.input_check.feature_check import log_odds
from braintumor.inference.model_card import read_card
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.training_data import ALL_SETS_RECIPE
from tests.helpers.versions.tiny import write_masked_version

DIMENSIONS = 80
COUNT = 400


def make_features(is_outside: NDArray[np.bool_], seed: int) -> NDArray[np.float32]:
    """Draw features of which the first five differ outside the brain."""
    features = np.random.default_rng(seed).normal(size=(len(is_outside), DIMENSIONS))
    features[is_outside, :5] += 3.0
    return features.astype(np.float32)


def make_data(**columns: Any) -> TrainingData:
    """Return slices of one source: in each split a quarter outside the brain, a quarter with a tumour."""
    number = np.arange(3 * COUNT)
    split = np.repeat([str(each) for each in Split], COUNT)
    is_outside, is_tumor = number % 4 == 0, number % 4 == 1
    is_train = split == str(Split.TRAIN)
    labels = np.where(is_tumor, 0, np.where(is_outside & ~is_train, NO_CLASS_INDEX, NO_TUMOR_INDEX))
    manifest = pd.DataFrame({
        "path": [f"{i}.png" for i in number], "origin": "made-up", "plane": "axial",
        "group": [f"g{i // 10}" for i in number], "field": np.where(is_outside, "outside", "brain"),
        "patient_split": split, "split": np.where(is_outside & ~is_train, "", split), **columns,
    })  # fmt: skip
    return TrainingData(manifest, np.zeros((len(number), 8, 8), np.uint8), labels)


def features_of(data: TrainingData) -> NDArray[np.float32]:
    return make_features((data.manifest["field"] == "outside").to_numpy(), 1)


def write_model(settings: Settings, holdout_source: str | tuple[str, ...] = "") -> None:
    """Write a version that was trained without these sources."""
    recipe = ALL_SETS_RECIPE.model_copy(update={"holdout_source": holdout_source})
    write_masked_version(settings.outputs, recipe=recipe.model_dump(mode="json"))


def test_card_has_classifier_and_errors_on_test_patients(workspace: Settings) -> None:
    write_model(workspace)
    data = make_data()
    fit_field_check("v4", data, features_of(data), workspace, replicates=20)
    classifier = read_card("v4", workspace).field
    assert classifier is not None
    assert set(range(5)) <= set(classifier.features)
    assert len(classifier.features) == 64
    assert classifier.test["outside_recognized"].value > 0.95
    assert (classifier.test["outside_recognized"].n, classifier.test["tumor_outside"].n) == (COUNT // 4, COUNT // 4)
    assert classifier.test["brain_outside"].n == 3 * COUNT // 4
    assert classifier.test["brain_outside@plane:axial"].value < 0.05
    assert "100 training slices outside the brain and 300 others" in classifier.chosen


def test_few_validation_slices_with_brain_and_hardly_any_tumour_reach_the_limit() -> None:
    is_outside = np.arange(COUNT) % 4 == 0
    training = make_features(is_outside, 2)
    validation = make_features(np.zeros(1000, bool), 3)
    is_tumor = np.arange(1000) < 300
    validation[is_tumor, :5] += 2.0  # tumours look more like what lies outside
    scores = log_odds(classifier := fit_field_classifier(training, is_outside, validation, is_tumor), validation)
    called = scores >= classifier.outside_at
    assert called.mean() <= BRAIN_OUTSIDE_RATE
    assert called[is_tumor].mean() <= TUMOR_OUTSIDE_RATE
    assert scores.max() >= classifier.outside_at, "the limit is no stricter than it must be"


def test_held_out_sources_of_a_fold_are_neither_fitted_nor_measured(workspace: Settings) -> None:
    write_model(workspace, ("ds000011", "btp_t1c"))
    origins = np.resize(np.repeat(["ds000011", "btp_t1c", "brats21_t2", "made-up"], 4), 3 * COUNT)
    data = make_data(origin=origins)
    fit_field_check("v4", data, features_of(data), workspace, replicates=20)
    classifier = read_card("v4", workspace).field
    assert classifier is not None
    assert "50 training slices outside the brain and 150 others" in classifier.chosen
    assert classifier.test["outside_recognized"].n == COUNT // 8


@pytest.mark.parametrize("columns", [{"field": ""}, {"origin": "sartaj"}])
def test_nothing_is_written_without_slices_outside_the_brain(columns: dict[str, str], workspace: Settings) -> None:
    write_model(workspace, "sartaj")
    data = make_data(**columns)
    fit_field_check("v4", data, make_features(np.zeros(3 * COUNT, bool), 1), workspace, replicates=20)
    fit_field_check("v4", make_data(), None, workspace, replicates=20)
    assert read_card("v4", workspace).field is None
