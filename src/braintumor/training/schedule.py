"""Schedule: learning rate, best epoch and early stop, worked out from the history alone, so a run can resume."""

import math
from collections.abc import Sequence
from typing import Final

from braintumor.models.recipe import FitRecipe, Recipe

_WARMUP_FRACTION: Final = 0.1
_MIN_RATE_FRACTION: Final = 0.01  # share of the highest rate the last epochs keep


def best_epoch(val_losses: Sequence[float]) -> int:
    """Index of the first epoch with the lowest validation loss."""
    return min(range(len(val_losses)), key=val_losses.__getitem__)


def selected_epoch(val_losses: Sequence[float], fit: FitRecipe) -> int:
    """Epoch whose weights are kept, counted from 1: the best, but the last where the rate was led down to nothing."""
    return len(val_losses) if fit.schedule == "one_cycle" else best_epoch(val_losses) + 1


def should_stop(val_losses: Sequence[float], fit: FitRecipe) -> bool:
    """Whether training is over: all epochs done, or too many in a row without a better validation loss."""
    if len(val_losses) >= fit.epochs:
        return True
    if fit.schedule == "one_cycle":
        return False
    return bool(val_losses) and len(val_losses) - 1 - best_epoch(val_losses) >= fit.early_stopping_patience


def next_learning_rate(val_losses: Sequence[float], fit: FitRecipe) -> float:
    """Learning rate of the next epoch, by the recipe's schedule."""
    return _one_cycle_rate(len(val_losses), fit) if fit.schedule == "one_cycle" else _plateau_rate(val_losses, fit)


def input_size_at(epoch: int, fit: FitRecipe, full_size: int) -> int:
    """Side of the frames in an epoch, counted from 0: small ones first where the recipe resizes progressively."""
    return next((side for share, side in fit.sizes if epoch < share * fit.epochs), full_size)


def frozen_layer_at(epoch: int, recipe: Recipe) -> str:
    """Last layer that does not learn in an epoch, counted from 0; empty where all do."""
    begun = [last for share, last in recipe.thaw if epoch >= share * recipe.fit.epochs]
    return begun[-1] if begun else recipe.frozen_through


def _one_cycle_rate(epoch: int, fit: FitRecipe) -> float:
    """Up in a straight line over the first tenth of the epochs, then down along half a cosine (Smith 2018)."""
    rise = max(1, round(_WARMUP_FRACTION * fit.epochs))
    if epoch < rise:
        return fit.learning_rate * (epoch + 1) / rise
    return fit.learning_rate * max(
        _MIN_RATE_FRACTION, 0.5 * (1 + math.cos(math.pi * (epoch + 1 - rise) / (fit.epochs - rise)))
    )


def _plateau_rate(val_losses: Sequence[float], fit: FitRecipe) -> float:
    """Times the factor after every run of flat epochs, counted anew each time.

    The rule of Keras's ReduceLROnPlateau with no cooldown and no minimum change.
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
