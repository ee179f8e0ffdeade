"""Reduced copies of a picture, on which most checks run: the darkest, mean and brightest value of each block."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MAX_SIDE: Final = 128


@dataclass(frozen=True, eq=False)
class ReducedPicture:
    """A picture and its blocks of `factor` x `factor` pixels; the longer side has 64 to 128 blocks.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width)
    factor : int
    darkest, brightest : ndarray of uint8, shape (height // factor, width // factor)
        Extremes of each block; remaining rows and columns are left out.
    """

    pixels: NDArray[np.uint8]
    factor: int
    darkest: NDArray[np.uint8]
    brightest: NDArray[np.uint8]

    @cached_property
    def dark_border(self) -> NDArray[np.uint8]:
        """Darkest values of the blocks along the border."""
        blocks = self.darkest
        return np.concatenate([blocks[0], blocks[-1], blocks[1:-1, 0], blocks[1:-1, -1]])

    @cached_property
    def background(self) -> int:
        """Grey level of the empty surroundings: the lower quartile of the blocks along the border."""
        rank = self.dark_border.size // 4
        return int(np.partition(self.dark_border, rank)[rank])


def reduce_picture(pixels: NDArray[np.uint8]) -> ReducedPicture:
    """Compute the reduced copies of a picture (height, width)."""
    factor = -(-max(pixels.shape) // _MAX_SIDE)
    return ReducedPicture(pixels, factor, _pool(pixels, factor, np.minimum), _pool(pixels, factor, np.maximum))


def _pool(pixels: NDArray[np.uint8], factor: int, reduce_pair: np.ufunc) -> NDArray[np.uint8]:
    height, width = (side // factor * factor for side in pixels.shape)
    rows = pixels[0:height:factor, :width]
    for offset in range(1, factor):
        rows = reduce_pair(rows, pixels[offset:height:factor, :width])
    blocks = rows[:, 0::factor]
    for offset in range(1, factor):
        blocks = reduce_pair(blocks, rows[:, offset::factor])
    return blocks


def dilate(mask: NDArray[np.bool_], steps: int = 1) -> NDArray[np.bool_]:
    """Dilate a mask (height, width) by a square, one pixel to each side per step."""
    for _ in range(steps):
        spread = mask.copy()
        spread[1:] |= mask[:-1]
        spread[:-1] |= mask[1:]
        mask = spread.copy()
        mask[:, 1:] |= spread[:, :-1]
        mask[:, :-1] |= spread[:, 1:]
    return mask


def open_gray(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return the grey opening by a square of an odd size: bright structures thinner than the square disappear."""
    eroded = _slide(_slide(pixels, size, 0, np.minimum), size, 1, np.minimum)
    return _slide(_slide(eroded, size, 0, np.maximum), size, 1, np.maximum)


def _slide(pixels: NDArray[np.uint8], size: int, axis: int, reduce_pair: np.ufunc) -> NDArray[np.uint8]:
    """Reduce a centred window along an axis; windows are doubled until they are long enough."""
    half = size // 2
    padding = [(half, half) if i == axis else (0, 0) for i in range(2)]
    window, length = np.pad(pixels, padding, mode="edge"), 1
    while length < size:
        step = min(length, size - length)
        first, second = (window[:-step], window[step:]) if axis == 0 else (window[:, :-step], window[:, step:])
        window, length = reduce_pair(first, second), length + step
    return window
