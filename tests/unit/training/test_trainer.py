"""Recipes on large bases, whose ImageNet weights are not at hand everywhere: each learns and exports all the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from braintumor.imaging import to_batch
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.training.export import PROBABILITY_TOLERANCE, max_abs_difference, to_onnx
from braintumor.training.trainer import train_with_checkpoints
from tests.helpers.training_data import phantom_data

pytestmark = pytest.mark.slow

VERSIONS = (
    "v2", "v3", "xception", "yesno-vgg16", "yesno-resnet50", "yesno-inceptionv3", "yesno-efficientnetb0",
    "yesno-mobilenetv3",
)  # fmt: skip
SIDE = 112  # the smallest of which InceptionV3 leaves more than a single cell


def _small(version: str) -> Recipe:
    """The recipe from random weights, on small frames, for one epoch."""
    recipe = load_recipe(version)
    size = recipe.input.model_copy(update={"height": SIDE, "width": SIDE})
    short = recipe.fit.model_copy(update={"epochs": 1, "batch_size": 4})
    return recipe.model_copy(update={"input": size, "fit": short, "weights": "none"})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_large_base_is_fitted_from_random_weights_and_exported(version: str, tmp_path: Path) -> None:
    recipe = _small(version)
    drawn = phantom_data(recipe.input.to_input_spec(), per_class=7)  # six to train on, one to validate on
    data = replace(drawn, masks=None, known=None)
    network, history = train_with_checkpoints(recipe, data, tmp_path)
    assert np.isfinite(history[["loss", "val_loss"]].to_numpy()).all()
    images = to_batch(data.model_inputs[:4], recipe.input.to_input_spec())
    assert max_abs_difference(network, to_onnx(network), images) < PROBABILITY_TOLERANCE
