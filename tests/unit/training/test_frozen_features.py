"""Training on cached outputs of frozen layers gives the weights of ordinary training, resumes, and names its limits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from braintumor.errors import RecipeError
from braintumor.models.backbones import Backbone
from braintumor.models.builder import build_model
from braintumor.models.initial_weights import InitialWeights
from braintumor.models.recipe import AugmentationRecipe, Recipe, load_recipe
from braintumor.settings import Settings
from braintumor.training import frozen_features
from braintumor.training.frozen_features import FrozenFeatures
from braintumor.training.inputs.data import TrainingData
from braintumor.training.trainer import train_with_checkpoints
from tests.helpers.training_data import phantom_data

RANDOM = InitialWeights("none")


def _tiny_backbone(input_shape: tuple[int, ...], **_: Any) -> keras.Model:
    """Two blocks with batch normalization; the second has a skip connection."""
    image = keras.Input(input_shape)
    first = layers.Conv2D(6, 3, strides=2, name="conv_1")(image)
    first = layers.ReLU(name="relu_1")(layers.BatchNormalization(name="bn_1")(first))
    pooled = layers.MaxPooling2D(2, name="pool_1")(first)
    second = layers.Conv2D(6, 3, padding="same", name="conv_2")(pooled)
    second = layers.Add(name="add_2")([layers.BatchNormalization(name="bn_2")(second), pooled])
    return keras.Model(image, layers.Conv2D(8, 1, name="conv_3")(second))


@pytest.fixture(autouse=True)
def _use_tiny_backbone(monkeypatch: pytest.MonkeyPatch, workspace: Settings) -> None:
    tiny = Backbone(_tiny_backbone, 2.0, -1.0, ("tiny.h5",))
    monkeypatch.setattr("braintumor.models.architectures.pretrained.get_backbone", lambda _: tiny)


def _recipe(freeze_until: str = "pool_1", **fit: Any) -> Recipe:
    recipe = load_recipe("v2")
    small = recipe.input.model_copy(update={"height": 32, "width": 32})
    short = {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 3, "batch_size": 5, "precision": "float32",
             "cache_features": True, "cached_copies": 1}  # fmt: skip
    return recipe.model_copy(
        update={
            "network": {"backbone": "tiny", "pooling": "average", "hidden": 8, "dropout": 0.5},
            "input": small,
            "fit": recipe.fit.model_copy(update=short | fit),
            "augmentation": AugmentationRecipe(),
            "weights": "none",
            "freeze_until": freeze_until,
        }
    )


@pytest.fixture(scope="module")
def data() -> TrainingData:
    phantoms = phantom_data(_recipe().input.to_input_spec(), per_class=8)
    return replace(phantoms, masks=None, mask_known=None)


def _weights(recipe: Recipe, data: TrainingData, folder: Path) -> list[np.ndarray]:
    model, history = train_with_checkpoints(recipe, data, folder, RANDOM)
    assert len(history) == recipe.fit.epochs
    return list(model.get_weights())


def _assert_close(actual: list[np.ndarray], expected: list[np.ndarray], tolerance: float) -> None:
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


@pytest.mark.parametrize("freeze_until", ["pool_1", "backbone"])
def test_weights_equal_those_of_ordinary_training(freeze_until: str, data: TrainingData, tmp_path: Path) -> None:
    cached = _weights(_recipe(freeze_until), data, tmp_path / "cached")
    ordinary = _weights(_recipe(freeze_until, cache_features=False), data, tmp_path / "ordinary")
    _assert_close(cached, ordinary, 2e-4)
    keras.utils.set_random_seed(_recipe().seed)
    initial = build_model(_recipe()).get_weights()
    np.testing.assert_array_equal(cached[0], initial[0])  # frozen
    assert np.abs(cached[-2] - initial[-2]).max() > 1e-2  # trained, by far more than the tolerance


def test_with_a_copy_per_epoch_augmented_training_is_the_same(data: TrainingData, tmp_path: Path) -> None:
    update = {"augmentation": AugmentationRecipe(rotation=20.0, shift=0.1, horizontal_flip=True)}
    cached = _weights(_recipe(cached_copies=3).model_copy(update=update), data, tmp_path / "cached")
    ordinary = _weights(_recipe(cache_features=False).model_copy(update=update), data, tmp_path / "ordinary")
    _assert_close(cached, ordinary, 2e-4)


def test_epochs_use_the_copies_in_turn(data: TrainingData, workspace: Settings) -> None:
    recipe = _recipe(cached_copies=2).model_copy(update={"augmentation": AugmentationRecipe(rotation=90.0)})
    features = FrozenFeatures.compute(recipe, data, RANDOM, workspace)
    rows = [np.concatenate([np.sort(values.numpy().ravel()) for values, _ in features.training_batches(epoch)])
            for epoch in (1, 2, 3)]  # fmt: skip
    assert len(features.copies) == 2
    assert not np.allclose(np.sort(rows[0]), np.sort(rows[1]))
    np.testing.assert_array_equal(np.sort(rows[0]), np.sort(rows[2]))
    assert not np.array_equal(rows[0], rows[2])  # the same images in another order


def test_no_tuning_thread_delays_the_end_of_an_epoch(data: TrainingData, workspace: Settings) -> None:
    features = FrozenFeatures.compute(_recipe(), data, RANDOM, workspace)
    for batches in (features.training_batches(1), features.validation_batches()):
        assert batches.options().autotune.enabled is False


def test_interrupted_training_continues_to_the_same_weights(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _weights(_recipe(), data, tmp_path / "uninterrupted")
    with monkeypatch.context() as patch:
        patch.setattr("braintumor.training.trainer.should_stop", lambda losses, _: _interrupt(len(losses) == 2))
        with pytest.raises(KeyboardInterrupt):
            train_with_checkpoints(_recipe(), data, tmp_path / "resumed", RANDOM)
    _assert_close(_weights(_recipe(), data, tmp_path / "resumed"), expected, 0)


def test_interrupted_computation_of_outputs_continues_after_the_last_batch(
    data: TrainingData, workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_features, "_BATCH_SIZE", 8)
    convert, calls = frozen_features._to_float16, []

    def count(*arguments: Any) -> Any:
        calls.append(len(arguments[0]))
        return convert(*arguments)

    monkeypatch.setattr(frozen_features, "_to_float16", lambda *_: _interrupt(len(calls) == 2) or count(*_))
    with pytest.raises(KeyboardInterrupt):
        FrozenFeatures.compute(_recipe(), data, RANDOM, workspace)
    monkeypatch.setattr(frozen_features, "_to_float16", count)
    resumed = FrozenFeatures.compute(_recipe(), data, RANDOM, workspace)
    assert sum(calls) == len(resumed.copies[0]) + len(resumed.validation)  # each image once
    FrozenFeatures.compute(_recipe(), data, RANDOM, workspace)
    assert sum(calls) == len(resumed.copies[0]) + len(resumed.validation)  # then from the cache
    for file in workspace.cache_folder.glob("features-*"):
        file.unlink()
    again = FrozenFeatures.compute(_recipe(), data, RANDOM, workspace)
    np.testing.assert_array_equal(resumed.copies[0], again.copies[0])


@pytest.mark.parametrize(
    ("freeze_until", "fit", "message"),
    [
        ("", {}, "needs frozen layers. Set freeze_until"),
        ("pool_1", {"repeats_per_epoch": 2, "ema_momentum": 0.9}, "combined with ema_momentum, repeats_per_epoch"),
        ("conv_2", {}, "cannot split the network between conv_2 and bn_2"),
    ],
)
def test_unsupported_recipe_is_rejected(
    freeze_until: str, fit: dict[str, Any], message: str, data: TrainingData
) -> None:
    with pytest.raises(RecipeError, match=message):
        FrozenFeatures.compute(_recipe(freeze_until, **fit), data, RANDOM)


@pytest.mark.parametrize(("version", "name"), [("v5", r"\[mask\]"), ("mobilenet", "unfreeze")])
def test_mask_models_and_gradual_unfreezing_are_rejected(version: str, name: str, data: TrainingData) -> None:
    recipe = load_recipe(version).model_copy(update={"freeze_until": "deep"})
    with pytest.raises(RecipeError, match=f"cannot be combined with {name}"):
        FrozenFeatures.compute(recipe, data, RANDOM)


def test_outputs_beyond_float16_are_rejected(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "braintumor.models.architectures.pretrained.get_backbone",
        lambda _: Backbone(_tiny_backbone, 1e7, 0.0, ("tiny.h5",)),
    )
    with pytest.raises(RecipeError, match="beyond the range of float16"):
        FrozenFeatures.compute(_recipe(), data, RANDOM)


def _interrupt(now: bool) -> bool:
    if now:
        raise KeyboardInterrupt
    return False
