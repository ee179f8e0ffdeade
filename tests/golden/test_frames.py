"""Golden pixels: what standardize makes of every kind of file is pinned, because trained models depend on it."""

import numpy as np
import pytest
from PIL import Image

from tests.golden.draw import FRAMES, SCANS, arrays, draw_scans, standardized

GOLDEN = dict(np.load(FRAMES))
MADE = dict(standardized())


def test_every_golden_scan_has_a_pinned_frame():
    assert MADE.keys() == GOLDEN.keys()
    assert {path.name for path in SCANS.iterdir()} | arrays().keys() == {name.split()[0] for name in GOLDEN}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_standardize_returns_the_pinned_pixels(name):
    np.testing.assert_array_equal(MADE[name], GOLDEN[name])


def test_the_golden_scans_are_drawn_not_real(tmp_path):
    draw_scans(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in SCANS.iterdir()}
    for path in tmp_path.glob("*.png"):  # JPEG encoders differ between builds, PNG pixels do not
        again, pinned = (np.asarray(Image.open(file)) for file in (path, SCANS / path.name))
        np.testing.assert_array_equal(again, pinned)
