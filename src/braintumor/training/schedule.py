"""Schedule: learning rate, best epoch and early stop, worked out from the history alone, so a run can resume."""

from collections.abc import Sequence

from braintumor.models.recipe import FitRecipe


def best_epoch(val_losses: Sequence[float]) -> int:
    """Index of the first epoch with the lowest validation loss."""
    return min(range(len(val_losses)), key=val_losses.__getitem__)


def should_stop(val_losses: Sequence[float], fit: FitRecipe) -> bool:
    """Whether training is over: all epochs done, or too many in a row without a better validation loss."""
    if len(val_losses) >= fit.epochs:
        return True
    return bool(val_losses) and len(val_losses) - 1 - best_epoch(val_losses) >= fit.early_stopping_patience


def learning_rate(val_losses: Sequence[float], fit: FitRecipe) -> float:
    """Learning rate of the next epoch: times the factor after every run of flat epochs, counted anew each time.

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
