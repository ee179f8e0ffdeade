"""Tumour measures of shapes whose measures are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from braintumor.exploration.image_features import TUMOR_FEATURES, compute_tumor_features


def _ellipse(x: float, y: float, width: float, height: float, side: int = 200) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:side, :side]
    inside: NDArray[np.bool_] = ((columns - x) / width) ** 2 + ((rows - y) / height) ** 2 <= 1
    return inside


def _measured(mask: NDArray[np.bool_], inside: int = 200, outside: int = 100) -> dict[str, float]:
    found = compute_tumor_features(np.where(mask, inside, outside).astype(np.uint8), mask)
    assert found is not None
    assert list(found) == list(TUMOR_FEATURES)
    return found


def test_a_disc_has_its_size_place_and_roundness() -> None:
    found = _measured(_ellipse(60, 140, 20, 20))
    assert found["diameter"] == pytest.approx(40 / 200, rel=0.02)
    assert found["area"] == pytest.approx(np.pi * 400 / 200**2, rel=0.02)
    assert (found["x"], found["y"]) == pytest.approx((0.3025, 0.7025))
    assert found["elongation"] == pytest.approx(1, abs=0.02)
    assert found["filling"] == pytest.approx(1, abs=0.02)


def test_an_ellipse_is_as_long_as_it_is_whichever_way_it_lies() -> None:
    for mask in (_ellipse(100, 100, 45, 15), _ellipse(100, 100, 15, 45)):
        assert _measured(mask)["elongation"] == pytest.approx(3, rel=0.03)


def test_pieces_fill_their_ellipse_less_than_a_lump() -> None:
    pieces = _ellipse(60, 100, 12, 12) | _ellipse(140, 100, 12, 12)
    assert _measured(pieces)["filling"] < 0.6


def test_contrast_is_against_the_tissue_around_not_the_far_or_the_dark() -> None:
    mask = _ellipse(100, 100, 20, 20)
    frame = np.where(mask, 180, 120).astype(np.uint8)
    frame[:40], frame[:, :40] = 0, 255
    found = compute_tumor_features(frame, mask)
    assert found is not None
    assert found["brightness"] == pytest.approx(180 / 255)
    assert found["contrast"] == pytest.approx(60 / 255)
    assert found["heterogeneity"] == 0


def test_one_pixel_is_measured_and_none_is_not() -> None:
    mask = np.zeros((50, 50), bool)
    assert compute_tumor_features(np.zeros((50, 50), np.uint8), mask) is None
    mask[10, 20] = True
    found = _measured(mask)
    assert found["elongation"] == pytest.approx(1)
    assert 0 < found["filling"] <= 1
