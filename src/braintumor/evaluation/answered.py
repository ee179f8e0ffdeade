"""Answered: whether each scan was answered right, as columns that means and intervals are taken of."""

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.verdict import predicted_class
from braintumor.vocabulary import NO_TUMOR_INDEX

Floats = NDArray[np.float64]


def correctness(labels: NDArray[np.int64], probabilities: Floats, binary_threshold: float | None) -> dict[str, Floats]:
    """Accuracy of the likelier answer, tumour sensitivity and specificity, scan by scan; NaN where one does not count.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Numbers of classes, or `UNKNOWN_KIND`.
    probabilities : ndarray, shape (n, classes)
    decision : float, optional
        Tumour probability from which on a version that tells no kinds says tumour; None for one that tells them.
    """
    said, ill = predicted_class(probabilities, binary_threshold), labels != NO_TUMOR_INDEX
    called = said != NO_TUMOR_INDEX
    right = said == labels if binary_threshold is None else called == ill
    return {
        "accuracy": right.astype(float),
        "tumor_sensitivity": np.where(ill, called, np.nan),
        "tumor_specificity": np.where(ill, np.nan, ~called),
    }
