"""Golden model inputs: trained models depend on every pixel that `preprocess` returns."""

import numpy as np
import pytest
from PIL import Image

from tests.golden.draw import MODEL_INPUTS, SCANS, draw_scans, make_arrays, preprocess_golden_scans

GOLDEN = dict(np.load(MODEL_INPUTS))
COMPUTED = dict(preprocess_golden_scans())


def test_every_golden_scan_has_a_golden_model_input():
    assert COMPUTED.keys() == GOLDEN.keys()
    assert {path.name for path in SCANS.iterdir()} | make_arrays().keys() == {name.split()[0] for name in GOLDEN}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_preprocess_returns_the_golden_pixels(name):
    np.testing.assert_array_equal(COMPUTED[name], GOLDEN[name])


def test_golden_scans_are_reproducible(tmp_path):
    draw_scans(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in SCANS.iterdir()}
    for path in tmp_path.glob("*.png"):  # JPEG encoders differ between builds, PNG pixels do not
        redrawn, golden = (np.asarray(Image.open(file)) for file in (path, SCANS / path.name))
        np.testing.assert_array_equal(redrawn, golden)
