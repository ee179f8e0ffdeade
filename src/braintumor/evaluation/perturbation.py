"""Perturbation: frames with more and more of what a map ranks highest taken away, or put back."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.stats import rankdata

from braintumor.imaging.geometry import Extent, Geometry

Floats = NDArray[np.float64]
Frames = NDArray[np.uint8]

STEPS: Final = 20  # shares of the frame that are taken away or put back
_BLUR: Final = 10.0  # pixels of the frame


def perturbation(
    frames: Frames, ranking: Floats, start: Callable[[Frames], Frames], reverse: bool, extent: Extent | None = None
) -> Iterator[Frames]:
    """Frames with a growing share of their pixels, highest ranked first, taken away (or put back, with `reverse`).

    Parameters
    ----------
    frames : ndarray of uint8, shape (n, height, width)
    ranking : ndarray, shape (n, rows, columns)
        Maps over the frames, or over `extent`, a part of them (see `braintumor.imaging.geometry.Geometry`).
    start : callable
        Makes of frames what takes the place of the pixels that are gone.
    """
    size = (frames.shape[2], frames.shape[1])
    laid = Geometry(size, (0, 0, *size), (0, 0, *size), size)
    spread = np.stack([laid.to_scan_grid(r.astype(np.float32), extent=extent) for r in ranking])
    place = rankdata(-spread.reshape(len(frames), -1), axis=1, method="ordinal").reshape(frames.shape)
    empty = start(frames)
    for share in np.linspace(0, 1, STEPS + 1):
        chosen = place <= share * frames[0].size
        yield np.where(chosen, frames, empty) if reverse else np.where(chosen, empty, frames)


def blurred(frames: Frames) -> Frames:
    """Frames of which only coarse shapes are left: what insertion starts from."""
    return np.stack([np.asarray(Image.fromarray(f).filter(ImageFilter.GaussianBlur(_BLUR))) for f in frames])
