"""Deletion and insertion follow the ranking of the map."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.perturbation import PERTURBATION_STEPS, blur, iter_perturbed


def test_highest_ranked_pixels_are_removed_first() -> None:
    images = np.full((1, 20, 20), 100, np.uint8)
    ranking = np.zeros((1, 20, 20))
    ranking[0, 3, 4] = 1.0
    steps = list(iter_perturbed(images, ranking, np.zeros_like, reverse=False))
    assert len(steps) == PERTURBATION_STEPS + 1
    assert (steps[0] == 100).all()
    assert steps[1][0, 3, 4] == 0
    assert [(step == 0).mean() for step in steps] == pytest.approx(np.linspace(0, 1, PERTURBATION_STEPS + 1))


def test_extent_positions_the_ranking_on_the_image() -> None:
    images, ranking = np.full((1, 20, 20), 100, np.uint8), np.zeros((1, 2, 2))
    ranking[0, 0, 0] = 1.0
    first = list(iter_perturbed(images, ranking, np.zeros_like, reverse=False, extent=(8.0, 8.0, 20.0, 20.0)))[1]
    removed = np.argwhere(first[0] == 0)
    assert len(removed) == 20
    assert removed.mean(axis=0) == pytest.approx([10.5, 10.5], abs=0.5)  # the middle of the first cell


def test_insertion_starts_blurred_and_ends_with_the_image() -> None:
    images = np.random.default_rng(1).integers(0, 255, (2, 20, 20), np.uint8)
    steps = list(iter_perturbed(images, np.random.default_rng(2).random((2, 5, 5)), blur, reverse=True))
    assert np.array_equal(steps[0], blur(images))
    assert np.array_equal(steps[-1], images)
