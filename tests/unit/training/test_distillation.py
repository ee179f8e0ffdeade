"""Aims: teachers are learnt from, and what is served is the bare network."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file
from braintumor.imaging import to_batch
from braintumor.models.builder import build_model, load_keras_model
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.checkpoint import Checkpoints
from braintumor.training.data import TrainingData
from braintumor.training.distillation import AuxiliaryObjectives
from braintumor.training.input_pipeline import make_donor_bank, plan_epoch, split_tensors, training_batches
from braintumor.training.losses import MaskLoss, PartialLabelCrossEntropy
from braintumor.training.trainer import train_with_checkpoints
from tests.helpers.training_data import phantom_data

SIDE = 32


def _recipe(**changes: object) -> Recipe:
    said = {
        "title": "tiny", "architecture": "masked_mobilenet", "seed": 1,
        "input": {"height": SIDE, "width": SIDE, "channels": 1},
        "fit": {"learning_rate": 1e-3, "epochs": 1, "batch_size": 16, "schedule": "one_cycle", "averaging": 0.9},
        "augmentation": {"horizontal_flip": True}, "composites": {"planted": 0.3, "painted_out": 0.5},
        "mask": {"weight": 1.0},
    }  # fmt: skip
    return Recipe.model_validate({**said, **changes})


TAUGHT = {
    "teachers": {"versions": ["v4", "v4-seed2"], "temperature": 1.0},
    "fit": {"learning_rate": 1e-3, "epochs": 2, "batch_size": 16, "schedule": "one_cycle", "averaging": 0.9},
}


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(_recipe().input.to_input_spec(), per_class=8)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, data: TrainingData) -> Settings:
    """Two versions to learn from, and one that learnt from other images."""
    outputs = tmp_path_factory.mktemp("outputs")
    for number, (name, known) in enumerate((("v4", data), ("v4-seed2", data), ("v4-random", None))):
        keras.utils.set_random_seed(10 + number)
        (outputs / name).mkdir()
        build_model(_recipe()).save(outputs / name / "model.keras")
        fingerprint = known.fingerprint() if known else "other"
        card = {"recipe": _recipe().model_dump(mode="json"), "data": {"fingerprint": fingerprint}}
        (outputs / name / "card.json").write_text(json.dumps(card))
    return Settings(outputs=outputs)


@pytest.fixture(scope="module")
def aims(data: TrainingData, settings: Settings) -> AuxiliaryObjectives:
    return AuxiliaryObjectives.from_recipe(_recipe(**TAUGHT), data, settings)


def test_teachers_say_the_average_of_what_each_says_at_any_size(
    aims: AuxiliaryObjectives, data: TrainingData, settings: Settings
) -> None:
    assert aims.teachers is not None
    images = to_batch(data.model_inputs[:3], _recipe().input.to_input_spec())
    networks = [load_keras_model(settings.outputs / name / "model.keras") for name in ("v4", "v4-seed2")]
    found = [network(images, training=False) for network in networks]
    classes, masks = aims.teachers.predict(images)
    assert np.allclose(classes, np.mean([one["class"] for one in found], axis=0), atol=1e-5)
    assert np.allclose(masks, np.mean([keras.ops.sigmoid(one["mask"]) for one in found], axis=0), atol=1e-5)
    larger = aims.teachers.predict(np.zeros((2, 64, 64, 1), np.float32))
    assert [tuple(part.shape) for part in larger] == [(2, 4), (2, 32, 32, 1)]


def test_a_mirrored_view_makes_teachers_blind_to_the_side(aims: AuxiliaryObjectives, data: TrainingData) -> None:
    assert aims.teachers is not None
    teachers = replace(aims.teachers, recipe=aims.teachers.recipe.model_copy(update={"mirrored": True}))
    images = to_batch(data.model_inputs[:3], _recipe().input.to_input_spec())
    (classes, masks), (turned, turned_masks) = teachers.predict(images), teachers.predict(images[:, :, ::-1])
    assert np.allclose(classes, turned, atol=1e-5)
    assert np.allclose(masks, turned_masks[:, :, ::-1], atol=1e-5)


def test_a_missing_teacher_is_named_with_the_command_that_makes_it(data: TrainingData, settings: Settings) -> None:
    recipe = _recipe(teachers={"versions": ["v4", "v4-seed7"]})
    with pytest.raises(ArtifactError, match=r"missing: v4-seed7\..*: braintumor train v4 --seed 7$"):
        AuxiliaryObjectives.from_recipe(recipe, data, settings)


def test_a_teacher_that_learnt_from_other_images_is_refused(data: TrainingData, settings: Settings) -> None:
    with pytest.raises(ArtifactError, match="v4-random learnt from other images"):
        AuxiliaryObjectives.from_recipe(_recipe(teachers={"versions": ["v4-random"]}), data, settings)


def test_the_teachers_files_are_part_of_what_a_run_is(
    aims: AuxiliaryObjectives, data: TrainingData, settings: Settings
) -> None:
    hashes = {name: sha256_file(settings.outputs / name / "model.keras") for name in ("v4", "v4-seed2")}
    assert aims.identity() == {"teachers": hashes}
    assert AuxiliaryObjectives.from_recipe(_recipe(), data, settings).identity() == {}


def test_what_was_added_goes_again_and_leaves_every_weight_in_its_place(
    aims: AuxiliaryObjectives, data: TrainingData
) -> None:
    plain, copy = build_model(_recipe()), build_model(_recipe())
    extended = aims.add_outputs(plain)
    assert set(extended.output) == {"class", "mask", "taught_class", "taught_mask"}
    copy.set_weights(aims.strip_outputs(extended).get_weights())
    images = to_batch(data.model_inputs[:4], _recipe().input.to_input_spec())
    for name, values in plain(images).items():
        assert np.array_equal(values, copy(images)[name])


def test_targets_carry_what_teachers_say_of_the_images_as_shown(aims: AuxiliaryObjectives, data: TrainingData) -> None:
    recipe = _recipe(**TAUGHT)
    source = split_tensors(recipe, data, Split.TRAIN)
    shown = plan_epoch(recipe, make_donor_bank(data), source, 1)
    images, targets = next(iter(aims.add_targets(training_batches(source, shown, 16))))
    assert aims.teachers is not None
    classes, masks = aims.teachers.predict(images)
    assert np.allclose(targets["taught_class"], classes, atol=1e-5)
    assert np.allclose(targets["taught_mask"], masks, atol=1e-5)


def test_a_checkpoint_brings_back_every_answer_and_every_weight(
    aims: AuxiliaryObjectives, data: TrainingData, tmp_path: Path
) -> None:
    checkpoints, extended = Checkpoints(tmp_path, aims.identity()), aims.add_outputs(build_model(_recipe()))
    losses, weights = aims.add_losses(
        {"class": PartialLabelCrossEntropy(), "mask": MaskLoss()}, {"class": 1.0, "mask": 1.0}
    )
    extended.compile("adam", losses, loss_weights=weights)
    checkpoints.save(extended, pd.DataFrame({"epoch": [1], "val_loss": [1.0]}))
    loaded, _ = checkpoints.load(1)
    images = to_batch(data.model_inputs[:4], _recipe().input.to_input_spec())
    found = loaded(images)
    for name, values in extended(images).items():
        assert np.array_equal(values, found[name])
    assert {name: type(one) for name, one in loaded.loss.items()} == {name: type(one) for name, one in losses.items()}
    for a, b in zip(aims.strip_outputs(extended).get_weights(), aims.strip_outputs(loaded).get_weights(), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.slow
def test_a_run_gone_on_with_ends_where_an_unbroken_one_does_and_is_judged_by_label_and_mask_alone(
    aims: AuxiliaryObjectives, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = _recipe(**TAUGHT)
    whole, history = train_with_checkpoints(recipe, data, tmp_path / "whole", objectives=aims)
    with monkeypatch.context() as patched:
        patched.setattr("braintumor.training.trainer.should_stop", lambda losses, _: len(losses) == 1)
        patched.setattr("braintumor.training.trainer.selected_epoch", lambda losses, _: len(losses))
        train_with_checkpoints(recipe, data, tmp_path / "broken", objectives=aims)
    broken, again = train_with_checkpoints(recipe, data, tmp_path / "broken", objectives=aims)
    assert again["epoch"].tolist() == history["epoch"].tolist() == [1, 2]
    assert again["val_loss"].to_numpy() == pytest.approx(history["val_loss"].to_numpy(), rel=1e-5)
    for a, b in zip(whole.get_weights(), broken.get_weights(), strict=True):
        assert np.allclose(a, b, atol=1e-5)
    rows = data.split_rows(Split.VALIDATION)
    said = whole.predict(to_batch(data.model_inputs[rows], recipe.input.to_input_spec()), verbose=0)
    assert set(said) == {"class", "mask"}
    right = (said["class"].argmax(axis=1) == data.labels[rows]).mean()
    assert history["val_accuracy"].iloc[-1] == pytest.approx(right, abs=1e-6)
