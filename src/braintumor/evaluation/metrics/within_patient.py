"""ROC area within patients: tumour slices against tumour-free slices of the same people."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def compare_within_patients(
    score: Floats, is_tumor: Flags, is_tumor_free: Flags, patients: NDArray[np.object_]
) -> tuple[Floats, Floats]:
    """Compare the score of each tumour slice with those of the tumour-free slices of the same patient.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
    is_tumor, is_tumor_free : ndarray of bool, shape (n,)
        Slices that are neither are in no pair.
    patients : ndarray of str, shape (n,)
        Whose slices are compared; slices with an empty string are in no pair.

    Returns
    -------
    higher : ndarray of float64, shape (n,)
        Share of the pairs of a slice in which the tumour has the higher score, ties counting half; NaN without a pair.
    pairs : ndarray of float64, shape (n,)
        Number of pairs of a slice. The mean of `higher` weighted by it is the ROC area over all pairs, in which
        patients weigh as much as they have pairs.
    """
    higher, pairs = np.full(len(score), np.nan), np.zeros(len(score))
    has_patient = patients != ""
    for rows in pd.Series(patients).groupby(patients).indices.values():
        tumors, tumor_free = rows[(is_tumor & has_patient)[rows]], rows[(is_tumor_free & has_patient)[rows]]
        if len(tumors) and len(tumor_free):
            difference = score[tumors][:, None] - score[tumor_free]
            is_higher = (difference > 0) + 0.5 * (difference == 0)
            higher[tumors], higher[tumor_free] = is_higher.mean(axis=1), is_higher.mean(axis=0)
            pairs[tumors], pairs[tumor_free] = len(tumor_free), len(tumors)
    return higher, pairs
