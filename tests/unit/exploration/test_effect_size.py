"""Effect sizes, significance and line profiles equal those of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.ndimage import map_coordinates

from braintumor.exploration.accumulators import Moments
from braintumor.exploration.effect_size import FDR_LEVELS, MIN_GROUPS, compute_effect, sample_profile


def _moments(stack: NDArray[np.float64]) -> Moments:
    moments = Moments.empty(stack.shape[1:])
    moments.add_batch(stack)
    return moments


def _groups(seed: int, count: int, shift: float = 0.0) -> NDArray[np.float64]:
    values = np.random.default_rng(seed).normal(0.5, 0.1, (count, 20, 20))
    values[:, :10] += shift
    return values


def test_effect_size_and_false_discovery_rate_equal_scipy() -> None:
    a, b = _groups(1, 30, 0.08), _groups(2, 45)
    effect = compute_effect(_moments(a), _moments(b))
    assert effect is not None
    pooled = np.sqrt((29 * a.var(axis=0, ddof=1) + 44 * b.var(axis=0, ddof=1)) / 73)
    cohen = (a.mean(axis=0) - b.mean(axis=0)) / pooled
    np.testing.assert_allclose(effect.size, cohen * (1 - 3 / (4 * 75 - 9)), rtol=1e-4)
    rate = stats.false_discovery_control(stats.ttest_ind(a, b, equal_var=False).pvalue.ravel()).reshape(20, 20)
    for level in FDR_LEVELS:
        np.testing.assert_array_equal(effect.significant_pixels(level), rate <= level)
    assert effect.significant_pixels()[:10].mean() > 0.8
    assert effect.significant_pixels()[10:].mean() < 0.1


def test_noise_is_not_significant() -> None:
    effects = [compute_effect(_moments(_groups(2 * s, 40)), _moments(_groups(2 * s + 1, 40))) for s in range(20)]
    # Without a true difference, about 1 of 20 comparisons has a discovery at a rate of 5%.
    assert sum(bool(effect is not None and effect.significant_pixels().any()) for effect in effects) <= 4


def test_swapped_classes_change_the_sign() -> None:
    a, b = _moments(_groups(1, 12, 0.1)), _moments(_groups(2, 12))
    one, other = compute_effect(a, b), compute_effect(b, a)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.size, -other.size)
    np.testing.assert_array_equal(one.levels_passed, other.levels_passed)


def test_background_is_not_tested() -> None:
    a, b = _groups(1, 20, 0.2), _groups(2, 20)
    a[:, 5], b[:, 5] = 0, 0
    effect = compute_effect(_moments(a), _moments(b))
    assert effect is not None
    assert not effect.size[5].any()
    assert not effect.significant_pixels()[5].any()


def test_two_constant_classes_have_no_effect_anywhere() -> None:
    effect = compute_effect(_moments(np.zeros((8, 4, 4))), _moments(np.zeros((8, 4, 4))))
    assert effect is not None
    assert not effect.size.any()
    assert not effect.levels_passed.any()


def test_too_few_groups_give_no_effect() -> None:
    assert compute_effect(_moments(_groups(1, MIN_GROUPS - 1)), _moments(_groups(2, 50))) is None


def test_unknown_level_raises() -> None:
    effect = compute_effect(_moments(_groups(1, 9)), _moments(_groups(2, 9)))
    assert effect is not None
    with pytest.raises(ValueError, match=r"0\.2"):
        effect.significant_pixels(0.2)


COORDINATE = st.floats(0, 30, allow_nan=False)
POINT = st.tuples(COORDINATE, COORDINATE)


@given(POINT, POINT, st.integers(0, 1000))
def test_profile_equals_scipy_interpolation(start: tuple[float, float], end: tuple[float, float], seed: int) -> None:
    values = np.random.default_rng(seed).uniform(0, 1, (31, 31))
    line = sample_profile(values, start, end)
    expected = map_coordinates(values, [line.y, line.x], order=1, mode="nearest")
    np.testing.assert_allclose(line.values, expected, atol=1e-9)
    assert line.distance[-1] == pytest.approx(np.hypot(end[0] - start[0], end[1] - start[1]))


def test_swapped_end_points_reverse_the_profile() -> None:
    values = np.random.default_rng(0).uniform(0, 1, (20, 30))
    forward, backward = sample_profile(values, (2, 3), (25, 17)), sample_profile(values, (25, 17), (2, 3))
    np.testing.assert_allclose(forward.values, backward.values[::-1])


def test_line_outside_the_map_is_moved_to_its_edge() -> None:
    values = np.arange(12.0).reshape(3, 4)
    line = sample_profile(values, (-5, -5), (50, 50))
    assert line.values[0] == 0
    assert line.values[-1] == 11


def test_line_of_zero_length_is_constant() -> None:
    assert np.allclose(sample_profile(np.eye(5), (2, 2), (2, 2)).values, 1)
