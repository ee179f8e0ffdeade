"""Weights and temperatures of ensemble members, fitted by maximum likelihood on validation scans."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from braintumor.enums import NO_TUMOR_INDEX, Task
from braintumor.inference.decision import tumor_log_odds

FloatArray = NDArray[np.float64]
# Bounds of the coefficients. If a few scans are separated perfectly, the likelihood grows with the coefficients without
# end. The lower bound keeps the temperature of a useless member finite; its weight is negligible.
_MAX_COEFFICIENT: Final = 100.0
_MIN_COEFFICIENT: Final = 1e-6


@dataclass(frozen=True, slots=True)
class MemberWeights:
    """Fitted weights of ensemble members.

    Attributes
    ----------
    temperatures : tuple of float
        Divides the logits of each member; fitted for each member alone.
    weights : tuple of float
        Weight of each member's log-probabilities at its temperature; they sum to 1.
    losses : dict of str to float
        Validation log-loss of the ensemble with `equal` and with fitted (`weighted`) weights, each at its best
        temperature.
    member_losses : tuple of float
        Validation log-loss of each member alone.
    """

    temperatures: tuple[float, ...]
    weights: tuple[float, ...]
    losses: dict[str, float]
    member_losses: tuple[float, ...]


def fit_member_weights(
    logits: NDArray[np.floating], labels: NDArray[np.int64], task: Task, *, weighted: bool
) -> MemberWeights:
    """Fit the temperature and weight of each member that maximize the likelihood of the validation labels.

    The ensemble gets its own temperature later, so only the ratios of the weights matter. Without the constraint that
    they sum to 1, they are the coefficients of a logistic regression: a convex problem with one solution, which is
    then normalized.

    Parameters
    ----------
    logits : ndarray of float, shape (members, n, 4)
    labels : ndarray of int64, shape (n,)
    task : Task
        For binary models only the log-odds of tumour count.
    weighted : bool
        Use the fitted weights; otherwise all are equal.
    """
    member_logits, truth = _reduce_to_task(np.asarray(logits, np.float64), labels, task)
    single_fits = [_fit_coefficients(member[None], truth) for member in member_logits]
    temperatures = np.array([1 / coefficients[0] for coefficients, _ in single_fits])
    scaled, count = member_logits / temperatures[:, None, None], len(member_logits)
    coefficients, weighted_loss = _fit_coefficients(scaled, truth)
    _, equal_loss = _fit_coefficients(scaled.mean(axis=0, keepdims=True), truth)
    weights = coefficients / coefficients.sum() if weighted else np.full(count, 1 / count)
    return MemberWeights(
        tuple(temperatures.tolist()),
        tuple(weights.tolist()),
        {"equal": equal_loss, "weighted": weighted_loss},
        tuple(loss for _, loss in single_fits),
    )


def _reduce_to_task(logits: FloatArray, labels: NDArray[np.int64], task: Task) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return logits and labels of the four classes, or of no tumour and tumour."""
    if task is Task.FOUR_CLASS:
        return logits, labels
    log_odds = tumor_log_odds(logits)
    return np.stack([np.zeros_like(log_odds), log_odds], axis=-1), (labels != NO_TUMOR_INDEX).astype(np.int64)


def _fit_coefficients(logits: FloatArray, truth: NDArray[np.int64]) -> tuple[FloatArray, float]:
    """Fit positive coefficients for the sum of logits (members, n, classes); return them and the log-loss."""
    one_hot = np.eye(logits.shape[2])[truth]

    def loss_and_gradient(coefficients: FloatArray) -> tuple[float, Any]:
        log_probabilities = log_softmax(np.tensordot(coefficients, logits, 1), axis=1)
        gradient = np.einsum("mnc,nc->m", logits, np.exp(log_probabilities) - one_hot) / len(truth)
        return -float((log_probabilities * one_hot).sum() / len(truth)), gradient

    start = np.full(len(logits), 1 / len(logits))
    bounds = [(_MIN_COEFFICIENT, _MAX_COEFFICIENT)] * len(logits)
    fit = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(fit.x), float(fit.fun)
