"""Answered: whether each scan was answered right, as columns that means and intervals are taken of."""

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.verdict import likeliest
from braintumor.vocabulary import HEALTHY_INDEX

Floats = NDArray[np.float64]


def answered(labels: NDArray[np.int64], probabilities: Floats, decision: float | None) -> dict[str, Floats]:
    """Accuracy of the likelier answer, tumour sensitivity and specificity, scan by scan; NaN where one does not count.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Numbers of classes, or `UNKNOWN_KIND`.
    probabilities : ndarray, shape (n, classes)
    decision : float, optional
        Tumour probability from which on a version that tells no kinds says tumour; None for one that tells them.
    """
    said, ill = likeliest(probabilities, decision), labels != HEALTHY_INDEX
    called = said != HEALTHY_INDEX
    right = said == labels if decision is None else called == ill
    return {
        "accuracy": right.astype(float),
        "tumor_sensitivity": np.where(ill, called, np.nan),
        "tumor_specificity": np.where(ill, np.nan, ~called),
    }
