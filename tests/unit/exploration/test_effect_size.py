"""Effect sizes and their significance are scipy's, and noise is not called a difference."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from braintumor.exploration.accumulators import Moments
from braintumor.exploration.effect_size import FDR_LEVELS, MIN_GROUPS, compute_effect


def _moments(stack: NDArray[np.float64]) -> Moments:
    moments = Moments.empty(stack.shape[1:])
    moments.add_batch(stack)
    return moments


def _groups(seed: int, count: int, shift: float = 0.0) -> NDArray[np.float64]:
    values = np.random.default_rng(seed).normal(0.5, 0.1, (count, 20, 20))
    values[:, :10] += shift
    return values


def test_sizes_and_rates_are_those_of_scipy() -> None:
    a, b = _groups(1, 30, 0.08), _groups(2, 45)
    found = compute_effect(_moments(a), _moments(b))
    assert found is not None
    pooled = np.sqrt((29 * a.var(axis=0, ddof=1) + 44 * b.var(axis=0, ddof=1)) / 73)
    cohen = (a.mean(axis=0) - b.mean(axis=0)) / pooled
    np.testing.assert_allclose(found.size, cohen * (1 - 3 / (4 * 75 - 9)), rtol=1e-4)
    rate = stats.false_discovery_control(stats.ttest_ind(a, b, equal_var=False).pvalue.ravel()).reshape(20, 20)
    for level in FDR_LEVELS:
        np.testing.assert_array_equal(found.significant_pixels(level), rate <= level)
    assert found.significant_pixels()[:10].mean() > 0.8
    assert found.significant_pixels()[10:].mean() < 0.1


def test_noise_alone_is_not_called_a_difference() -> None:
    called = [compute_effect(_moments(_groups(2 * s, 40)), _moments(_groups(2 * s + 1, 40))) for s in range(20)]
    # Under the null any discovery is false, so at 5% about one set in twenty may have one.
    assert sum(bool(found is not None and found.significant_pixels().any()) for found in called) <= 4


def test_swapping_the_sides_turns_the_sign() -> None:
    a, b = _moments(_groups(1, 12, 0.1)), _moments(_groups(2, 12))
    one, other = compute_effect(a, b), compute_effect(b, a)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.size, -other.size)
    np.testing.assert_array_equal(one.levels_passed, other.levels_passed)


def test_background_is_not_tested() -> None:
    a, b = _groups(1, 20, 0.2), _groups(2, 20)
    a[:, 5], b[:, 5] = 0, 0
    found = compute_effect(_moments(a), _moments(b))
    assert found is not None
    assert not found.size[5].any()
    assert not found.significant_pixels()[5].any()


def test_two_constant_classes_have_no_effect_anywhere() -> None:
    found = compute_effect(_moments(np.zeros((8, 4, 4))), _moments(np.zeros((8, 4, 4))))
    assert found is not None
    assert not found.size.any()
    assert not found.levels_passed.any()


def test_too_few_groups_give_no_effect_rather_than_a_wild_one() -> None:
    assert compute_effect(_moments(_groups(1, MIN_GROUPS - 1)), _moments(_groups(2, 50))) is None


def test_a_level_that_was_not_counted_is_refused() -> None:
    found = compute_effect(_moments(_groups(1, 9)), _moments(_groups(2, 9)))
    assert found is not None
    with pytest.raises(ValueError, match=r"0\.2"):
        found.significant_pixels(0.2)
