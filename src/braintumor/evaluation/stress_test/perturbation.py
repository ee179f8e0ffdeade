"""Deletion and insertion: remove or restore pixels in the order of an evidence map (Petsiuk et al. 2018)."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.stats import rankdata

from braintumor.imaging.geometry import Geometry, MapExtent

Floats = NDArray[np.float64]
ModelInputs = NDArray[np.uint8]

PERTURBATION_STEPS: Final = 20
_BLUR_RADIUS: Final = 10.0  # pixels of the model input


def iter_perturbed(
    model_inputs: ModelInputs,
    ranking: Floats,
    make_baseline: Callable[[ModelInputs], ModelInputs],
    reverse: bool,
    extent: MapExtent | None = None,
) -> Iterator[ModelInputs]:
    """Yield the images with a growing share of their highest-ranked pixels removed, or restored with `reverse`.

    Parameters
    ----------
    model_inputs : ndarray of uint8, shape (n, height, width)
    ranking : ndarray, shape (n, rows, columns)
        Maps over the images, or over `extent`, a part of them (see `braintumor.imaging.geometry.Geometry`).
    make_baseline : callable
        Returns the images that removed pixels are taken from.
    """
    size = (model_inputs.shape[2], model_inputs.shape[1])
    geometry = Geometry(size, (0, 0, *size), (0, 0, *size), size)
    maps = np.stack([geometry.resample_to_scan(cells.astype(np.float32), extent=extent) for cells in ranking])
    ranks = rankdata(-maps.reshape(len(model_inputs), -1), axis=1, method="ordinal").reshape(model_inputs.shape)
    baseline = make_baseline(model_inputs)
    for share in np.linspace(0, 1, PERTURBATION_STEPS + 1):
        changed = ranks <= share * model_inputs[0].size
        yield np.where(changed, model_inputs, baseline) if reverse else np.where(changed, baseline, model_inputs)


def blur(model_inputs: ModelInputs) -> ModelInputs:
    """Blur images to coarse shapes, the start of insertion."""
    return np.stack(
        [np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(_BLUR_RADIUS))) for image in model_inputs]
    )
