"""Compare class layers of v5 by leave-one-source-out: their penalties, and asymmetry as evidence; prints a table.

The class layer is refitted to the features of the frozen network of v4 without the sources of one fold of the recipe.
Unlike v5, it does not learn from slices outside the brain and skull-stripped copies.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Protocol
from braintumor.inference.decision import softmax, tumor_probability
from braintumor.models.builder import build_model
from braintumor.models.initial_weights import load_initial_weights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.models.recipe_fields import ClassHeadRecipe
from braintumor.training.class_head import fit_class_head
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.load import load_data
from braintumor.training.inputs.sampling import equal_source_weights
from scripts.held_out_scores import (
    Features,
    compute_features,
    score_held_out,
    select_brain_slices,
    table_head,
)

_VERSION: Final = "v5"
_INVERSE_PENALTIES: Final = (2.5e-4, 5e-4, 1e-3)
_SOURCE_PENALTIES: Final = (0.0, 2.0, 6.0)


def compare_class_heads() -> Iterator[str]:
    """Yield the lines of the table."""
    recipe = load_recipe(_VERSION)
    data = select_brain_slices(load_data(recipe, Protocol.GROUP, with_masks=False))
    yield table_head("Asymmetry", "Inverse penalty", "Source penalty")
    for asymmetry in (False, True):
        views = _compute_views(recipe.model_copy(update={"network": {"asymmetry": asymmetry}}), data)
        for inverse_penalty, source_penalty in itertools.product(_INVERSE_PENALTIES, _SOURCE_PENALTIES):
            head = ClassHeadRecipe(inverse_penalty=inverse_penalty, source_penalty=source_penalty)
            score = score_held_out(data, recipe, partial(_fit_and_predict, data, views, head))
            yield f"| {'yes' if asymmetry else 'no'} | {inverse_penalty:g} | {source_penalty:g} | {score.cells()}"


def _compute_views(recipe: Recipe, data: TrainingData) -> list[Features]:
    """Return the features of the images, and of their mirror images."""
    network = build_model(recipe, "float32")
    load_initial_weights(network, recipe)
    extractor = keras.Model(network.input, network.get_layer("features").output)
    inputs = data.upright_inputs(np.arange(len(data.labels)))
    return [compute_features(extractor, inputs), compute_features(extractor, inputs[:, :, ::-1])]


def _fit_and_predict(
    data: TrainingData, views: list[Features], head: ClassHeadRecipe, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Fit to the rows of all views, and return the tumour probability of every image as it is."""
    manifest, count = data.manifest.iloc[rows], len(views)
    kernel, bias = fit_class_head(
        np.concatenate([view[rows] for view in views]),
        np.tile(data.labels[rows], count),
        np.tile(manifest["origin"].to_numpy(object), count),
        np.tile(equal_source_weights(manifest) * len(rows), count),
        head,
    )
    return tumor_probability(softmax(views[0] @ kernel + bias))


if __name__ == "__main__":
    for line in compare_class_heads():
        print(line, flush=True)
