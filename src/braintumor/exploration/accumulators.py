"""Accumulate mean and variance of arrays in one pass: Welford (1962), merged as in Chan, Golub and LeVeque (1979).

Bytes are summed as integers first, which is exact and several times faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

# Arrays per step: large enough to amortize the call, small enough for memory.
_BLOCK_SIZE: Final = 16


@dataclass(slots=True)
class Moments:
    """Count, mean and sum of squared deviations of the arrays added so far, in float64.

    Attributes
    ----------
    count : int
        Arrays added.
    mean, m2 : ndarray of float64
        Mean and sum of squared deviations of each element; the shape is that of one array.
    """

    count: int
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> Self:
        """Return the moments of no arrays."""
        return cls(0, np.zeros(shape), np.zeros(shape))

    def add(self, values: NDArray) -> None:
        """Add one array."""
        self.count += 1
        delta = values - self.mean
        self.mean += delta / self.count
        self.m2 += delta * (values - self.mean)

    def add_batch(self, arrays: NDArray) -> None:
        """Add arrays stacked on the first axis, a block at a time."""
        for start in range(0, len(arrays), _BLOCK_SIZE):
            block = arrays[start : start + _BLOCK_SIZE].astype(np.float64)
            mean = block.mean(axis=0)
            block -= mean
            self.merge(Moments(len(block), mean, np.einsum("n...,n...->...", block, block)))

    def merge(self, other: "Moments") -> None:
        """Add the arrays of other moments, which are not changed."""
        total = self.count + other.count
        if other.count == 0:
            return
        delta = other.mean - self.mean
        self.mean += delta * (other.count / total)
        self.m2 += other.m2 + delta**2 * (self.count * other.count / total)
        self.count = total

    def scale(self, factor: float) -> "Moments":
        """Return the moments of the same arrays multiplied by a factor."""
        return Moments(self.count, self.mean * factor, self.m2 * factor**2)

    def variance(self, ddof: int = 0) -> NDArray[np.float64]:
        """Return the variance with divisor `count - ddof`, as in numpy; zeros if the count does not exceed `ddof`."""
        return self.m2 / (self.count - ddof) if self.count > ddof else np.zeros_like(self.m2)

    def std(self, ddof: int = 0) -> NDArray[np.float64]:
        """Return the standard deviation with divisor `count - ddof`."""
        return np.sqrt(self.variance(ddof))


@dataclass(slots=True)
class ByteSums:
    """Count, sum and sum of squares of byte arrays, as integers, so that nothing is rounded.

    Attributes
    ----------
    count : int
        Arrays summed.
    total : ndarray of uint32
        Sum of each element.
    squares : ndarray of uint64
        Sum of the squares of each element.
    """

    count: int
    total: NDArray[np.uint32]
    squares: NDArray[np.uint64]

    @classmethod
    def from_arrays(cls, arrays: Sequence[NDArray[np.uint8]]) -> Self:
        """Sum arrays of one shape: at least one and fewer than 16 million."""
        shape = arrays[0].shape
        sums = cls(len(arrays), np.zeros(shape, np.uint32), np.zeros(shape, np.uint64))
        for array in arrays:
            sums.total += array
            sums.squares += np.square(array, dtype=np.uint16)
        return sums

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of each element."""
        return self.total / self.count

    def merge(self, other: "ByteSums") -> None:
        """Add other sums, which are not changed."""
        self.count += other.count
        self.total += other.total
        self.squares += other.squares

    def to_moments(self) -> Moments:
        """Convert to moments, with one rounding."""
        # Up to ten million arrays this fits in 63 bits, so the subtraction loses no precision.
        deviations = self.count * self.squares.astype(np.int64) - np.square(self.total.astype(np.int64))
        return Moments(self.count, self.mean, deviations / self.count)
