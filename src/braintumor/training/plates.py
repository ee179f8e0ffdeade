"""Plates of what a network is shown in training, for notebooks (matplotlib)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.data import load_training_data
from braintumor.training.epoch import donors_of, showings_of, source_of
from braintumor.training.pipeline import training_batches
from braintumor.vocabulary import CLASSES, Split

_COLUMNS = 8


def batch_plate(recipe: Recipe, settings: Settings | None = None, count: int = 16, epoch: int = 1) -> Figure:
    """The first slices of an epoch as the network sees them, over the masks it should draw, under the right answers."""
    data = load_training_data(recipe.input.contract(), settings=settings or get_settings(), with_masks=True)
    source = source_of(recipe, data, Split.TRAIN)
    donors = donors_of(data) if recipe.composites else None
    images, targets = next(iter(training_batches(source, showings_of(recipe, donors, source, epoch), count)))
    rows = -(-count // _COLUMNS)
    figure, axes = plt.subplots(2 * rows, _COLUMNS, figsize=(11, 2.9 * rows), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for i in range(count):
        upper, lower = (axes[2 * (i // _COLUMNS) + k, i % _COLUMNS] for k in (0, 1))
        upper.imshow(images[i, ..., 0], cmap="gray", vmin=0, vmax=1)
        upper.set_title(_answer(targets["class"][i].numpy()), fontsize=7)
        lower.imshow(np.maximum(targets["mask"][i, ..., 0], 0), cmap="gray", vmin=0, vmax=1)
    return figure


def _answer(target: np.ndarray) -> str:
    right = [c.title for c, value in zip(CLASSES, target, strict=True) if value]
    return "any answer" if len(right) == len(CLASSES) else "any tumour" if len(right) > 1 else right[0]
