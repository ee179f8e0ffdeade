"""Distillation: the student learns from its teachers, and the trained model has only class and mask."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from braintumor.enums import Protocol, Split
from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file
from braintumor.imaging import to_batch
from braintumor.models.builder import build_model, load_keras_model
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.checkpoint import Checkpoints
from braintumor.training.distillation import AuxiliaryObjectives
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.input_pipeline import make_donor_bank, plan_epoch, split_tensors, training_batches
from braintumor.training.losses import MaskLoss, PartialLabelCrossEntropy
from braintumor.training.trainer import train_with_checkpoints
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.training_data import phantom_data

pytestmark = pytest.mark.slow

SIDE = 32
TEACHERS = ("v4", "runs/v4/group-seed2")
OTHER_TEACHER = "runs/v4/random-seed1"  # trained on other images
FIT = {"learning_rate": 1e-3, "batch_size": 16, "schedule": "one_cycle", "ema_momentum": 0.9}
DISTILLED = {
    "teachers": {"version": "v4", "seeds": [1, 2], "temperature": 1.0},
    "fit": FIT | {"epochs": 2},
}


def _recipe(**changes: object) -> Recipe:
    content = {
        "title": "tiny",
        "architecture": "multitask_mobilenet",
        "seed": 1,
        "input": {"height": SIDE, "width": SIDE, "channels": 1},
        "fit": FIT | {"epochs": 1},
        "augmentation": {"horizontal_flip": True},
        "copy_paste": {"pasted": 0.3, "inpainted": 0.5},
        "mask": {"weight": 1.0},
    }
    return Recipe.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(_recipe().input.to_input_spec(), per_class=8)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, data: TrainingData) -> Settings:
    """Outputs with two teachers, and one that was trained on other images."""
    outputs = tmp_path_factory.mktemp("outputs")
    for number, name in enumerate((*TEACHERS, OTHER_TEACHER)):
        keras.utils.set_random_seed(10 + number)
        (outputs / name).mkdir(parents=True)
        build_model(_recipe()).save(outputs / name / "model.keras")
        fingerprint = data.fingerprint() if name in TEACHERS else "other"
        card = {"recipe": _recipe().model_dump(mode="json"), "data": {"fingerprint": fingerprint}}
        (outputs / name / "card.json").write_text(json.dumps(MINIMAL_CARD | card))
    return Settings(outputs=outputs)


@pytest.fixture(scope="module")
def objectives(data: TrainingData, settings: Settings) -> AuxiliaryObjectives:
    return AuxiliaryObjectives.from_recipe(_recipe(**DISTILLED), data, settings)


def _batch(data: TrainingData, count: int) -> np.ndarray:
    return to_batch(data.model_inputs[:count], _recipe().input.to_input_spec())


def test_teachers_predict_their_average_at_any_size(
    objectives: AuxiliaryObjectives, data: TrainingData, settings: Settings
) -> None:
    assert objectives.teachers is not None
    images = _batch(data, 3)
    networks = [load_keras_model(settings.outputs / name / "model.keras") for name in TEACHERS]
    outputs = [network(images, training=False) for network in networks]
    classes, masks = objectives.teachers.predict(images)
    assert np.allclose(classes, np.mean([output["class"] for output in outputs], axis=0), atol=1e-5)
    assert np.allclose(masks, np.mean([keras.ops.sigmoid(output["mask"]) for output in outputs], axis=0), atol=1e-5)
    larger = objectives.teachers.predict(np.zeros((2, 64, 64, 1), np.float32))
    assert [tuple(values.shape) for values in larger] == [(2, 4), (2, 32, 32, 1)]


def test_teachers_with_flip_predict_the_same_for_mirrored_images(
    objectives: AuxiliaryObjectives, data: TrainingData
) -> None:
    assert objectives.teachers is not None
    recipe = objectives.teachers.recipe.model_copy(update={"flip": True})
    teachers, images = replace(objectives.teachers, recipe=recipe), _batch(data, 3)
    (classes, masks), (flipped_classes, flipped_masks) = teachers.predict(images), teachers.predict(images[:, :, ::-1])
    assert np.allclose(classes, flipped_classes, atol=1e-5)
    assert np.allclose(masks, flipped_masks[:, :, ::-1], atol=1e-5)


def test_missing_teacher_is_named_with_its_command(data: TrainingData, settings: Settings) -> None:
    recipe = _recipe(teachers={"version": "v4", "seeds": [1, 7]})
    with pytest.raises(ArtifactError, match=r"missing: runs/v4/group-seed7\..*: braintumor train v4 --seed 7$"):
        AuxiliaryObjectives.from_recipe(recipe, data, settings)


def test_teacher_trained_on_other_images_is_rejected(data: TrainingData, settings: Settings) -> None:
    recipe = _recipe(teachers={"version": "v4", "seeds": [1]})
    with pytest.raises(ArtifactError, match=f"{OTHER_TEACHER} was trained on other images"):
        AuxiliaryObjectives.from_recipe(recipe, data, settings, Protocol.RANDOM)


def test_hashes_of_the_teachers_identify_the_run(
    objectives: AuxiliaryObjectives, data: TrainingData, settings: Settings
) -> None:
    hashes = {name: sha256_file(settings.outputs / name / "model.keras") for name in TEACHERS}
    assert objectives.identity() == {"teachers": hashes}
    assert AuxiliaryObjectives.from_recipe(_recipe(), data, settings).identity() == {}


def test_stripping_the_outputs_restores_the_network(objectives: AuxiliaryObjectives, data: TrainingData) -> None:
    network, copy = build_model(_recipe()), build_model(_recipe())
    extended = objectives.add_outputs(network)
    assert set(extended.output) == {"class", "mask", "teacher_class", "teacher_mask"}
    copy.set_weights(objectives.strip_outputs(extended).get_weights())
    images = _batch(data, 4)
    for name, values in network(images).items():
        assert np.array_equal(values, copy(images)[name])


def test_targets_are_the_teachers_predictions_for_the_augmented_images(
    objectives: AuxiliaryObjectives, data: TrainingData
) -> None:
    recipe = _recipe(**DISTILLED)
    tensors = split_tensors(recipe, data, Split.TRAIN)
    plan = plan_epoch(recipe, make_donor_bank(data), tensors, 1)
    images, targets = next(iter(objectives.add_targets(training_batches(tensors, plan, 16))))
    assert objectives.teachers is not None
    classes, masks = objectives.teachers.predict(images)
    assert np.allclose(targets["teacher_class"], classes, atol=1e-5)
    assert np.allclose(targets["teacher_mask"], masks, atol=1e-5)


def test_checkpoint_restores_every_output_loss_and_weight(
    objectives: AuxiliaryObjectives, data: TrainingData, tmp_path: Path
) -> None:
    checkpoints = Checkpoints(tmp_path, objectives.identity())
    extended = objectives.add_outputs(build_model(_recipe()))
    losses, weights = objectives.add_losses(
        {"class": PartialLabelCrossEntropy(), "mask": MaskLoss()}, {"class": 1.0, "mask": 1.0}
    )
    extended.compile("adam", losses, loss_weights=weights)
    checkpoints.save(extended, pd.DataFrame({"epoch": [1], "val_loss": [1.0]}))
    loaded, _ = checkpoints.load(1)
    images = _batch(data, 4)
    outputs = loaded(images)
    for name, values in extended(images).items():
        assert np.array_equal(values, outputs[name])
    assert {name: type(loss) for name, loss in loaded.loss.items()} == {
        name: type(loss) for name, loss in losses.items()
    }
    stripped, loaded_stripped = (objectives.strip_outputs(model) for model in (extended, loaded))
    for a, b in zip(stripped.get_weights(), loaded_stripped.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_resumed_run_equals_uninterrupted_run_and_validates_on_labels_and_masks_only(
    objectives: AuxiliaryObjectives, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = _recipe(**DISTILLED)
    uninterrupted, history = train_with_checkpoints(recipe, data, tmp_path / "uninterrupted", objectives=objectives)
    with monkeypatch.context() as patched:
        patched.setattr("braintumor.training.trainer.should_stop", lambda losses, _: len(losses) == 1)
        patched.setattr("braintumor.training.trainer.selected_epoch", lambda losses, _: len(losses))
        train_with_checkpoints(recipe, data, tmp_path / "resumed", objectives=objectives)
    resumed, resumed_history = train_with_checkpoints(recipe, data, tmp_path / "resumed", objectives=objectives)
    assert resumed_history["epoch"].tolist() == history["epoch"].tolist() == [1, 2]
    assert resumed_history["val_loss"].to_numpy() == pytest.approx(history["val_loss"].to_numpy(), rel=1e-5)
    for a, b in zip(uninterrupted.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(a, b, atol=1e-5)
    rows = data.split_rows(Split.VALIDATION)
    images = to_batch(data.model_inputs[rows], recipe.input.to_input_spec())
    outputs = uninterrupted.predict(images, verbose=0)
    assert set(outputs) == {"class", "mask"}
    accuracy = (outputs["class"].argmax(axis=1) == data.labels[rows]).mean()
    assert history["val_accuracy"].iloc[-1] == pytest.approx(accuracy, abs=1e-6)
