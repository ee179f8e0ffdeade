"""The brain is found in a synthetic head: inside the skull, without scalp and neck."""

import numpy as np
import pytest

from braintumor.datasets.external.brain_mask import find_brain

SHAPE, MM = (80, 96, 88), 2.0


@pytest.fixture(scope="module")
def head() -> tuple[np.ndarray, np.ndarray]:
    """Return a head of bright brain, dark skull, grey scalp and a neck, and where its brain is."""
    x, y, z = (values - center for values, center in zip(np.indices(SHAPE), (40, 48, 52), strict=True))
    radius = np.sqrt((x / 34.0) ** 2 + (y / 42.0) ** 2 + (z / 32.0) ** 2)
    brain = radius < 0.84
    voxels = np.where(brain, 900.0, np.where((radius > 0.92) & (radius < 1), 500.0, 0.0))
    neck = (np.hypot(x, y) < 12) & (z < -32)
    voxels[neck] = 450.0
    return voxels + np.random.default_rng(0).normal(0, 15, SHAPE), brain


def test_brain_is_found_and_scalp_and_neck_are_not(head: tuple[np.ndarray, np.ndarray]) -> None:
    voxels, brain = head
    mask = find_brain(voxels, (MM, MM, MM))
    dice = 2 * (mask & brain).sum() / (mask.sum() + brain.sum())
    assert dice > 0.93


def test_voxel_size_does_not_change_the_volume(head: tuple[np.ndarray, np.ndarray]) -> None:
    voxels, _ = head
    coarse = find_brain(voxels, (MM, MM, MM)).sum()
    fine = find_brain(np.repeat(voxels, 2, axis=0), (MM / 2, MM, MM)).sum() / 2
    assert abs(fine / coarse - 1) < 0.05


@pytest.mark.parametrize("level", [0.0, 100.0])
def test_volume_without_a_head_has_no_brain_or_one_without_error(level: float) -> None:
    assert find_brain(np.full((40, 40, 40), level), (MM, MM, MM)).shape == (40, 40, 40)
