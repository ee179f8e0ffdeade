"""ROC area within patients: pairs within a patient only, weighted by their number."""

import numpy as np

from braintumor.evaluation.metrics.within_patient import compare_within_patients

PATIENTS = np.array(["a", "a", "a", "b", "b", "c", "", ""], object)
IS_TUMOR = np.array([1, 0, 0, 1, 0, 1, 1, 0], bool)
SCORE = np.array([0.6, 0.5, 0.7, 0.4, 0.4, 0.9, 0.9, 0.1])


def test_pairs_of_a_patient_are_compared_and_ties_count_half() -> None:
    higher, pairs = compare_within_patients(SCORE, IS_TUMOR, ~IS_TUMOR, PATIENTS)
    np.testing.assert_array_equal(higher, [0.5, 1, 0, 0.5, 0.5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(pairs, [2, 1, 1, 1, 1, 0, 0, 0])
    used = pairs > 0
    # Patient a: 1 of 2 pairs; patient b: half of 1 pair.
    assert np.average(higher[used], weights=pairs[used]) == (1 + 0.5) / 3


def test_slices_that_are_neither_are_in_no_pair() -> None:
    is_tumor_free = np.array([0, 1, 0, 0, 0, 0, 0, 0], bool)
    higher, pairs = compare_within_patients(SCORE, IS_TUMOR, is_tumor_free, PATIENTS)
    np.testing.assert_array_equal(pairs, [1, 1, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(higher[:2], [1, 1])
