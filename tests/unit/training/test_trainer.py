"""Recipes with large backbones export what they compute, and the smallest of them trains."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from braintumor.imaging import to_batch
from braintumor.models.builder import build_model
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.training.export import PROBABILITY_TOLERANCE, max_abs_difference, to_onnx
from braintumor.training.trainer import train_with_checkpoints
from tests.helpers.training_data import phantom_data

pytestmark = pytest.mark.slow

VERSIONS = (
    "v2", "xception", "binary-vgg16", "binary-resnet50", "binary-inceptionv3", "binary-efficientnetb0",
    "binary-mobilenetv3",
)  # fmt: skip
SIDE = 112  # the smallest size at which InceptionV3 has more than one cell


@pytest.fixture(autouse=True)
def _free_memory() -> Iterator[None]:
    """Release the network of each test; together they need more than 10 GB."""
    yield
    keras.utils.clear_session()
    gc.collect()


def _small(version: str) -> Recipe:
    """Return the recipe with random weights, small images and one epoch."""
    recipe = load_recipe(version)
    size = recipe.input.model_copy(update={"height": SIDE, "width": SIDE})
    short = recipe.fit.model_copy(update={"epochs": 1, "batch_size": 4})
    return recipe.model_copy(update={"input": size, "fit": short, "weights": "none"})


@pytest.mark.parametrize("version", VERSIONS)
def test_onnx_of_a_large_backbone_agrees_with_keras(version: str) -> None:
    recipe = _small(version)
    spec = recipe.input.to_input_spec()
    network = build_model(recipe)
    images = to_batch(phantom_data(spec, per_class=1).model_inputs, spec)
    assert max_abs_difference(network, to_onnx(network), images) < PROBABILITY_TOLERANCE


def test_smallest_backbone_trains_and_exports(tmp_path: Path) -> None:
    recipe = _small("binary-mobilenetv3")
    phantoms = phantom_data(recipe.input.to_input_spec(), per_class=7)  # six for training, one for validation
    data = replace(phantoms, masks=None, mask_known=None)
    network, history = train_with_checkpoints(recipe, data, tmp_path)
    assert np.isfinite(history[["loss", "val_loss"]].to_numpy()).all()
    images = to_batch(data.model_inputs[:4], recipe.input.to_input_spec())
    assert max_abs_difference(network, to_onnx(network), images) < PROBABILITY_TOLERANCE
