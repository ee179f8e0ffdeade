"""Profiles read a map along a line as an interpolator would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from braintumor.exploration.effect_size import sample_profile

COORDINATE = st.floats(0, 30, allow_nan=False)
POINT = st.tuples(COORDINATE, COORDINATE)


@given(POINT, POINT, st.integers(0, 1000))
def test_values_are_those_of_scipy(start: tuple[float, float], end: tuple[float, float], seed: int) -> None:
    values = np.random.default_rng(seed).uniform(0, 1, (31, 31))
    line = sample_profile(values, start, end)
    expected = map_coordinates(values, [line.y, line.x], order=1, mode="nearest")
    np.testing.assert_allclose(line.values, expected, atol=1e-9)
    assert line.distance[-1] == pytest.approx(np.hypot(end[0] - start[0], end[1] - start[1]))


def test_there_and_back_is_the_same_line_reversed() -> None:
    values = np.random.default_rng(0).uniform(0, 1, (20, 30))
    there, back = sample_profile(values, (2, 3), (25, 17)), sample_profile(values, (25, 17), (2, 3))
    np.testing.assert_allclose(there.values, back.values[::-1])


def test_a_line_off_the_edge_stays_on_the_map() -> None:
    values = np.arange(12.0).reshape(3, 4)
    line = sample_profile(values, (-5, -5), (50, 50))
    assert line.values[0] == 0
    assert line.values[-1] == 11


def test_a_line_of_no_length_is_a_point() -> None:
    assert np.allclose(sample_profile(np.eye(5), (2, 2), (2, 2)).values, 1)
