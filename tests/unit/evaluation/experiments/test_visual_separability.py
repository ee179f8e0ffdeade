"""Visual separability: different averages are recognised, equal ones stay at chance."""

import numpy as np

from braintumor.evaluation.experiments.visual_separability import (
    average_by_group,
    balanced_accuracy,
    nearest_centroid_correct,
    separability_test,
)

LABELS = np.arange(80) % 4


def _averages(shift: float) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.normal(size=(80, 30)) + shift * generator.normal(size=(4, 30))[LABELS]


def test_different_classes_are_separable() -> None:
    result = separability_test(_averages(1.0), LABELS, replicates=100, permutations=100)
    assert result["entry"]["low"] > result["chance"]
    assert result["p"] <= 0.01 + 1e-9
    assert len(result["null"]) == 100


def test_equal_classes_are_at_chance() -> None:
    result = separability_test(_averages(0.0), LABELS, replicates=100, permutations=100)
    assert result["entry"]["value"] <= result["chance"] + 0.05
    assert result["p"] > 0.01


def test_group_is_excluded_from_its_class_average() -> None:
    averages = _averages(0.3)
    result = nearest_centroid_correct(averages @ averages.T, LABELS)
    for row in range(len(averages)):
        centres = [averages[(c == LABELS) & (np.arange(80) != row)].mean(axis=0) for c in range(4)]
        nearest = int(np.argmin([((averages[row] - centre) ** 2).sum() for centre in centres]))
        assert result[row] == (nearest == LABELS[row])


def test_groups_are_averaged_and_take_their_most_frequent_class() -> None:
    model_inputs = np.stack([np.full((2, 2), grey, np.uint8) for grey in (0, 255, 51)])
    averages, labels = average_by_group(model_inputs, np.array([1, 1, 3]), np.array(["a", "a", "b"], object))
    assert np.allclose(averages, [[0.5] * 4, [0.2] * 4])
    assert labels.tolist() == [1, 3]


def test_balanced_accuracy_weights_classes_equally() -> None:
    assert balanced_accuracy(np.array([True, True, True, False]), np.array([0, 0, 0, 1])) == 0.5
