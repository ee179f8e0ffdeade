"""Corruptions grow with their strength, preserve the size, and transform masks with the image."""

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.evaluation.stress_test.corruptions import CORRUPTIONS

PHANTOM = make_phantom(TumorClass.MENINGIOMA, 3, 160)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruption_grows_with_its_strength(name: str) -> None:
    corruption = CORRUPTIONS[name]
    assert len(corruption.strengths) == 5
    corrupted = [
        corruption.apply(PHANTOM.pixels, strength, np.random.default_rng(0)) for strength in corruption.strengths
    ]
    assert all(pixels.shape == PHANTOM.pixels.shape and pixels.dtype == np.uint8 for pixels in corrupted)
    differences = [float(np.abs(pixels.astype(float) - PHANTOM.pixels).mean()) for pixels in corrupted]
    assert differences == sorted(differences)
    assert differences[0] > 0


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_mask_follows_the_tumor(name: str) -> None:
    corruption = CORRUPTIONS[name]
    bright = PHANTOM.mask.astype(np.uint8) * np.uint8(200)
    for strength in corruption.strengths[:3]:
        mask = corruption.corrupt_mask(PHANTOM.mask, strength)
        if not corruption.is_geometric:
            assert mask is PHANTOM.mask
            continue
        tumor = corruption.apply(bright, strength, np.random.default_rng(0)) > 100
        assert (tumor & mask).sum() >= 0.9 * max(tumor.sum(), mask.sum())
