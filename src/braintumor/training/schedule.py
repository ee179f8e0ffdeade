"""Learning rate, image size, frozen layers and early stopping, computed from the history so that runs can resume."""

import math
from collections.abc import Sequence
from typing import Final

from braintumor.models.recipe import FitRecipe, Recipe

_WARMUP_FRACTION: Final = 0.1
_MIN_RATE_FRACTION: Final = 0.01  # of the maximum learning rate, kept in the last epochs


def best_epoch(val_losses: Sequence[float]) -> int:
    """Return the index of the first epoch with the lowest validation loss."""
    return min(range(len(val_losses)), key=val_losses.__getitem__)


def selected_epoch(val_losses: Sequence[float], fit: FitRecipe) -> int:
    """Return the epoch, counted from 1, whose weights are used: the last after one cycle, otherwise the best."""
    return len(val_losses) if fit.schedule == "one_cycle" else best_epoch(val_losses) + 1


def should_stop(val_losses: Sequence[float], fit: FitRecipe) -> bool:
    """Check whether all epochs are done, or too many in a row did not improve the validation loss."""
    if len(val_losses) >= fit.epochs:
        return True
    if fit.schedule == "one_cycle":
        return False
    return bool(val_losses) and len(val_losses) - 1 - best_epoch(val_losses) >= fit.early_stopping_patience


def next_learning_rate(val_losses: Sequence[float], fit: FitRecipe) -> float:
    """Return the learning rate of the next epoch."""
    return _one_cycle_rate(len(val_losses), fit) if fit.schedule == "one_cycle" else _plateau_rate(val_losses, fit)


def input_size_at(epoch: int, fit: FitRecipe, full_size: int) -> int:
    """Return the image size in pixels of an epoch, counted from 0: smaller first with progressive resizing."""
    return next((size for end, size in fit.progressive_sizes if epoch < end * fit.epochs), full_size)


def frozen_layer_at(epoch: int, recipe: Recipe) -> str:
    """Return the last frozen layer in an epoch, counted from 0; empty if all layers are trained."""
    started = [last_layer for start, last_layer in recipe.unfreeze if epoch >= start * recipe.fit.epochs]
    return started[-1] if started else recipe.freeze_until


def _one_cycle_rate(epoch: int, fit: FitRecipe) -> float:
    """Rise linearly over the first tenth of the epochs, then fall along half a cosine (Smith 2018)."""
    warmup = max(1, round(_WARMUP_FRACTION * fit.epochs))
    if epoch < warmup:
        return fit.learning_rate * (epoch + 1) / warmup
    return fit.learning_rate * max(
        _MIN_RATE_FRACTION, 0.5 * (1 + math.cos(math.pi * (epoch + 1 - warmup) / (fit.epochs - warmup)))
    )


def _plateau_rate(val_losses: Sequence[float], fit: FitRecipe) -> float:
    """Multiply by the factor after each run of epochs without improvement.

    Equivalent to Keras's ReduceLROnPlateau without cooldown and minimum change.
    """
    rate, best, flat = fit.learning_rate, float("inf"), 0
    for loss in val_losses:
        if loss < best:
            best, flat = loss, 0
            continue
        flat += 1
        if flat >= fit.plateau_patience:
            rate, flat = rate * fit.plateau_factor, 0
    return rate
