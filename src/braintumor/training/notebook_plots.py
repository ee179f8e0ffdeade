"""Figures for notebooks: a training batch with its targets."""

from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from braintumor.enums import CLASSES, Protocol, Split
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.input_pipeline import make_donor_bank, plan_epoch, split_tensors, training_batches
from braintumor.training.inputs.load import load_data

_PLOT_COLUMNS: Final = 8


def plot_batch(recipe: Recipe, settings: Settings | None = None, count: int = 16, epoch: int = 1) -> Figure:
    """Plot the first augmented training images of an epoch with their target classes, and the target masks below."""
    data = load_data(recipe, Protocol.GROUP, settings)
    tensors = split_tensors(recipe, data, Split.TRAIN)
    donors = make_donor_bank(data) if recipe.copy_paste else None
    batches = training_batches(tensors, plan_epoch(recipe, donors, tensors, epoch), count)
    images, targets = next(iter(batches))
    titles = [_target_text(target) for target in np.asarray(targets["class"] if recipe.mask else targets)]
    masks: Any = targets["mask"] if recipe.mask else None
    lines, rows = 1 if masks is None else 2, -(-len(images) // _PLOT_COLUMNS)
    figure, axes = plt.subplots(
        lines * rows, _PLOT_COLUMNS, figsize=(11, 1.45 * lines * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for i, title in enumerate(titles):
        row, column = lines * (i // _PLOT_COLUMNS), i % _PLOT_COLUMNS
        axes[row, column].imshow(images[i, ..., 0], cmap="gray", vmin=0, vmax=1)
        axes[row, column].set_title(title, fontsize=7)
        if masks is not None:
            axes[row + 1, column].imshow(np.maximum(masks[i, ..., 0], 0), cmap="gray", vmin=0, vmax=1)
    return figure


def _target_text(target: np.ndarray) -> str:
    """Describe a classification target."""
    if len(target) == 1:
        return "tumour" if target[0] else "no tumour"
    titles = [c.title for c, value in zip(CLASSES, target, strict=True) if value]
    return "any class" if len(titles) == len(CLASSES) else "any tumour" if len(titles) > 1 else titles[0]
