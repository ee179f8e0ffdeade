"""Resampling by matrices does what Pillow does, and puts part of a map where it belongs."""

import numpy as np
import pytest
from PIL import Image

from braintumor.models.resampling import placing, resizing


@pytest.mark.parametrize("side", [96, 150, 160, 224])
def test_a_picture_is_resized_as_pillow_does_it(side: int) -> None:
    picture = np.random.default_rng(0).random((160, 120), np.float32)
    expected = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))
    found = resizing(160, side) @ picture @ resizing(120, side).T
    assert np.abs(found - expected).max() < 1e-6


def test_a_map_of_the_whole_frame_keeps_its_level() -> None:
    assert placing(7, 20).sum(axis=1) == pytest.approx(1.0)


def test_a_map_of_the_middle_leaves_the_rim_empty() -> None:
    row = placing(4, 16, (0.25, 0.75)) @ np.ones(4, np.float32)
    assert (row[:3] == 0).all()
    assert (row[-3:] == 0).all()
    assert row[5:11] == pytest.approx(1.0)


def test_each_cell_lands_where_it_looked() -> None:
    for cell in range(4):
        row = placing(4, 64, (0.25, 0.75))[:, cell]
        centre = (row * (np.arange(64) + 0.5)).sum() / row.sum() / 64
        assert centre == pytest.approx(0.25 + 0.5 * (cell + 0.5) / 4, abs=1e-6)
