"""Accumulated moments equal those of numpy, for any partition of the arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from braintumor.exploration.accumulators import ByteSums, Moments

STACKS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 40), st.just(2), st.just(3)), elements=st.floats(0, 255, width=32)
)

BYTES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.just(2), st.just(3)))


def _assert_close(moments: Moments, stack: NDArray[np.float64]) -> None:
    assert moments.count == len(stack)
    np.testing.assert_allclose(moments.mean, stack.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments.std(), stack.std(axis=0), rtol=1e-6, atol=1e-5)


@given(STACKS)
def test_one_pass_equals_numpy(stack: NDArray[np.float64]) -> None:
    moments = Moments.empty(stack.shape[1:])
    for array in stack:
        moments.add(array)
    _assert_close(moments, stack)


@given(STACKS, st.lists(st.integers(0, 40), max_size=6))
def test_shards_merged_equal_one_pass(stack: NDArray[np.float64], cuts: list[int]) -> None:
    merged = Moments.empty(stack.shape[1:])
    for shard in np.split(stack, sorted(min(cut, len(stack)) for cut in cuts)):
        part = Moments.empty(stack.shape[1:])
        part.add_batch(shard)
        merged.merge(part)
    _assert_close(merged, stack)


@given(STACKS)
def test_merge_does_not_change_the_other_and_empty_adds_nothing(stack: NDArray[np.float64]) -> None:
    part, whole = Moments.empty(stack.shape[1:]), Moments.empty(stack.shape[1:])
    part.add_batch(stack)
    before = part.mean.copy(), part.m2.copy()
    whole.merge(part)
    whole.merge(Moments.empty(stack.shape[1:]))
    whole.add_batch(stack)
    np.testing.assert_array_equal(part.mean, before[0])
    np.testing.assert_array_equal(part.m2, before[1])
    _assert_close(whole, np.concatenate([stack, stack]))


@given(BYTES, st.integers(1, 39))
def test_byte_sums_equal_numpy_for_any_partition(stack: NDArray[np.uint8], cut: int) -> None:
    sums = ByteSums.from_arrays(stack[:cut])
    if cut < len(stack):
        sums.merge(ByteSums.from_arrays(stack[cut:]))
    _assert_close(sums.to_moments(), stack.astype(np.float64))
    np.testing.assert_array_equal(sums.mean, stack.mean(axis=0))


def test_byte_sums_are_exact_for_small_variance() -> None:
    stack = np.full((5000, 1), 255, np.uint8)
    stack[0] = 254
    assert ByteSums.from_arrays(stack).to_moments().variance()[0] == pytest.approx((1 - 1 / 5000) / 5000, rel=1e-12)


@given(STACKS, st.floats(0.001, 10))
def test_scale_equals_scaled_arrays(stack: NDArray[np.float64], factor: float) -> None:
    moments = Moments.empty(stack.shape[1:])
    moments.add_batch(stack)
    _assert_close(moments.scale(factor), stack * factor)


def test_bytes_do_not_overflow_and_variance_of_one_array_is_zero() -> None:
    moments = Moments.empty((2,))
    moments.add_batch(np.full((300, 2), 255, np.uint8))
    assert moments.mean.tolist() == [255, 255]
    assert moments.std().tolist() == [0, 0]
    one = Moments.empty((2,))
    one.add(np.array([1.0, 2.0]))
    assert one.variance(ddof=1).tolist() == [0, 0]


def test_large_offset_keeps_precision() -> None:
    values = 1e8 + np.random.default_rng(0).normal(0, 1, (1000, 1))
    moments = Moments.empty((1,))
    for value in values:
        moments.add(value)
    assert moments.std(ddof=1)[0] == pytest.approx(values.std(ddof=1), rel=1e-6)
