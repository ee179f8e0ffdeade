"""Plates of what a network is shown in training, for notebooks (matplotlib)."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.data import load_data
from braintumor.training.epoch import make_donor_bank, plan_epoch, split_tensors
from braintumor.training.pipeline import training_batches
from braintumor.vocabulary import CLASSES, Protocol, Split

_PLOT_COLUMNS = 8


def plot_batch(recipe: Recipe, settings: Settings | None = None, count: int = 16, epoch: int = 1) -> Figure:
    """The first slices of an epoch as the network sees them, under the right answers; masks it should draw below."""
    data = load_data(recipe, Protocol.GROUP, settings)
    source = split_tensors(recipe, data, Split.TRAIN)
    donors = make_donor_bank(data) if recipe.composites else None
    images, targets = next(iter(training_batches(source, plan_epoch(recipe, donors, source, epoch), count)))
    answers = [_target_text(target) for target in np.asarray(targets["class"] if recipe.mask else targets)]
    masks: Any = targets["mask"] if recipe.mask else None
    lines, rows = 1 if masks is None else 2, -(-len(images) // _PLOT_COLUMNS)
    figure, axes = plt.subplots(
        lines * rows, _PLOT_COLUMNS, figsize=(11, 1.45 * lines * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for i, answer in enumerate(answers):
        row, column = lines * (i // _PLOT_COLUMNS), i % _PLOT_COLUMNS
        axes[row, column].imshow(images[i, ..., 0], cmap="gray", vmin=0, vmax=1)
        axes[row, column].set_title(answer, fontsize=7)
        if masks is not None:
            axes[row + 1, column].imshow(np.maximum(masks[i, ..., 0], 0), cmap="gray", vmin=0, vmax=1)
    return figure


def _target_text(target: np.ndarray) -> str:
    if len(target) == 1:
        return "tumour" if target[0] else "no tumour"
    right = [c.title for c, value in zip(CLASSES, target, strict=True) if value]
    return "any answer" if len(right) == len(CLASSES) else "any tumour" if len(right) > 1 else right[0]
