"""Perturbation: frames with more and more of what a map ranks highest taken away, or put back."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.stats import rankdata

from braintumor.imaging.geometry import Geometry, MapExtent

Floats = NDArray[np.float64]
ModelInputs = NDArray[np.uint8]

PERTURBATION_STEPS: Final = 20  # shares of the frame that are taken away or put back
_BLUR_RADIUS: Final = 10.0  # pixels of the frame


def iter_perturbed(
    model_inputs: ModelInputs,
    ranking: Floats,
    make_baseline: Callable[[ModelInputs], ModelInputs],
    reverse: bool,
    extent: MapExtent | None = None,
) -> Iterator[ModelInputs]:
    """Frames with a growing share of their pixels, highest ranked first, taken away (or put back, with `reverse`).

    Parameters
    ----------
    frames : ndarray of uint8, shape (n, height, width)
    ranking : ndarray, shape (n, rows, columns)
        Maps over the frames, or over `extent`, a part of them (see `braintumor.imaging.geometry.Geometry`).
    start : callable
        Makes of frames what takes the place of the pixels that are gone.
    """
    size = (model_inputs.shape[2], model_inputs.shape[1])
    laid = Geometry(size, (0, 0, *size), (0, 0, *size), size)
    spread = np.stack([laid.resample_to_scan(r.astype(np.float32), extent=extent) for r in ranking])
    place = rankdata(-spread.reshape(len(model_inputs), -1), axis=1, method="ordinal").reshape(model_inputs.shape)
    empty = make_baseline(model_inputs)
    for share in np.linspace(0, 1, PERTURBATION_STEPS + 1):
        chosen = place <= share * model_inputs[0].size
        yield np.where(chosen, model_inputs, empty) if reverse else np.where(chosen, empty, model_inputs)


def blur(model_inputs: ModelInputs) -> ModelInputs:
    """Frames of which only coarse shapes are left: what insertion starts from."""
    return np.stack(
        [np.asarray(Image.fromarray(f).filter(ImageFilter.GaussianBlur(_BLUR_RADIUS))) for f in model_inputs]
    )
