"""How much each member of an ensemble has to say, chosen on validation scans."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from braintumor.enums import NO_TUMOR_INDEX, Task
from braintumor.inference.decision import tumor_log_odds

FloatArray = NDArray[np.float64]
_MAX_COEFFICIENT: Final = 100.0  # where a few scans are told apart without a mistake, no coefficient is large enough


@dataclass(frozen=True, slots=True)
class MemberWeights:
    """What members' answers are worth.

    Attributes
    ----------
    temperatures : tuple of float
        By what each one's logits are divided, so that its validation labels are likeliest.
    weights : tuple of float
        Of each one's log-probabilities at that temperature; together one.
    losses : dict of str to float
        Log-loss on the validation scans, each answer at its best temperature: of `equal` and of `weighted`.
    alone : tuple of float
        The same of each member alone.
    """

    temperatures: tuple[float, ...]
    weights: tuple[float, ...]
    losses: dict[str, float]
    member_losses: tuple[float, ...]


def fit_member_weights(
    logits: NDArray[np.floating], labels: NDArray[np.int64], task: Task, *, weighted: bool
) -> MemberWeights:
    """Find each member's temperature, and weights for which the validation labels are likeliest.

    A pool of log-probabilities has its temperature fitted afterwards, so weights are those that are best when it has
    its best one: without the sum of one they are coefficients of a logistic regression, a convex search with one
    answer, of which the shares are taken.

    Parameters
    ----------
    logits : ndarray of float, shape (members, n, 4)
    labels : ndarray of int64, shape (n,)
    task : Task
        Where it is tumour or none, only the log-odds of tumour count.
    weighted : bool
        Else all weigh the same.
    """
    answers, truth = _reduce_to_task(np.asarray(logits, np.float64), labels, task)
    own = [_fit_coefficients(answer[None], truth) for answer in answers]
    temperatures = np.array([1 / coefficients[0] for coefficients, _ in own])
    scaled, count = answers / temperatures[:, None, None], len(answers)
    coefficients, loss = _fit_coefficients(scaled, truth)
    _, equal = _fit_coefficients(scaled.mean(axis=0, keepdims=True), truth)
    free = coefficients / coefficients.sum()
    weights = free if weighted else np.full(count, 1 / count)
    return MemberWeights(
        tuple(temperatures.tolist()),
        tuple(weights.tolist()),
        {"equal": equal, "weighted": loss},
        tuple(loss for _, loss in own),
    )


def _reduce_to_task(logits: FloatArray, labels: NDArray[np.int64], task: Task) -> tuple[FloatArray, NDArray[np.int64]]:
    """Logits and labels of the question asked: the four classes, or none and any tumour."""
    if task is Task.FOUR_CLASS:
        return logits, labels
    odds = tumor_log_odds(logits)
    return np.stack([np.zeros_like(odds), odds], axis=-1), (labels != NO_TUMOR_INDEX).astype(np.int64)


def _fit_coefficients(logits: FloatArray, truth: NDArray[np.int64]) -> tuple[FloatArray, float]:
    """Coefficients of answers (m, n, classes), none below zero, whose sum makes the truth likeliest; and its loss."""
    wanted = np.eye(logits.shape[2])[truth]

    def loss(coefficients: FloatArray) -> tuple[float, Any]:
        said = log_softmax(np.tensordot(coefficients, logits, 1), axis=1)
        slope = np.einsum("mnc,nc->m", logits, np.exp(said) - wanted) / len(truth)
        return -float((said * wanted).sum() / len(truth)), slope

    start = np.full(len(logits), 1 / len(logits))
    # Never quite zero: a member that is worse than none keeps a say too small to see, and its temperature is a number.
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(1e-6, _MAX_COEFFICIENT)] * len(logits))
    return np.asarray(found.x), float(found.fun)
