"""Measurements of the rim of the head, by which head CT differs from MR.

On CT, bone is a thick, evenly white ring around dim brain. On MR, bone is dark, between fat and brain. The model input
is sampled along rays from the centre of the head to beyond its edge.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEATURE_NAMES: Final = (
    "brain_median", "brain_p10", "brain_range",
    "rim_p10", "rim_p25", "rim_median", "bright_share", "saturated_share",
    "thickness_p10", "thickness_median", "thickness_p90",
    "gap_p25", "gap_median", "gap_p75",
    "contrast_p25", "saturated_area", "roughness",
)  # fmt: skip
_RAYS: Final = 72
_SAMPLES: Final = 64
_REACH: Final = 1.25  # length of a ray, in half sides of the box around the head
_BRAIN_SAMPLES: Final = 28  # the first samples of a ray lie within the brain, the others at the rim
_HEAD_SAMPLES: Final = 50
_MIN_HEAD_GRAY: Final = 20
_BRIGHT, _SATURATED = 0.88, 0.97
_MIN_BONE: Final = 0.35
_GAP_SAMPLES: Final = range(3, 11)  # distance inwards from the brightest sample of the rim at which MR shows dark bone


def skull_ring_features(model_input: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure the rim of the head in a model input.

    Parameters
    ----------
    model_input : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray of float64, shape (17,)
        The features of `FEATURE_NAMES`, from 0 to about 1; gaps are relative to the brain.
    """
    rays = _sample_rays(model_input)
    brain, rim = rays[:, :_BRAIN_SAMPLES], rays[:, _BRAIN_SAMPLES:]
    low, median, high = np.percentile(brain, (10, 50, 90))
    position = rim.argmax(axis=1)
    brightest = rim.max(axis=1)
    half_height = np.maximum((brightest + median) / 2, _MIN_BONE)
    thickness = (rim >= half_height[:, None]).mean(axis=1) * rim.shape[1] / _SAMPLES
    inwards = np.clip(_BRAIN_SAMPLES + position[:, None] - np.array(_GAP_SAMPLES), 0, _SAMPLES - 1)
    gap = np.take_along_axis(rays, inwards, axis=1).min(axis=1) / (median + 0.05)
    return np.array([
        median, low, high - low,
        *np.percentile(brightest, (10, 25, 50)), (brightest >= _BRIGHT).mean(), (brightest >= _SATURATED).mean(),
        *np.percentile(thickness, (10, 50, 90)),
        *np.percentile(np.minimum(gap, 1 / (median + 0.05)), (25, 50, 75)),
        np.percentile(brightest - median, 25),
        (rays[:, :_HEAD_SAMPLES] >= _SATURATED).mean(),
        np.abs(np.diff(position)).mean() / _SAMPLES,
    ])  # fmt: skip


def _sample_rays(model_input: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return grey values from 0 to 1 along rays from the centre of the head, shape (rays, samples)."""
    is_head = model_input > _MIN_HEAD_GRAY
    rows, columns = (np.flatnonzero(is_head.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((_RAYS, _SAMPLES))
    down, across = _directions()
    height, width = model_input.shape
    y = (rows[0] + rows[-1]) / 2 + down * ((rows[-1] - rows[0]) / 2 + 1)
    x = (columns[0] + columns[-1]) / 2 + across * ((columns[-1] - columns[0]) / 2 + 1)
    values = model_input[np.clip(np.rint(y), 0, height - 1).astype(int), np.clip(np.rint(x), 0, width - 1).astype(int)]
    return np.asarray(values / 255.0)


@lru_cache(maxsize=1)
def _directions() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the samples of all rays as parts of half the height and half the width of the head."""
    angles = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False)
    distances = np.linspace(0.0, _REACH, _SAMPLES)
    return np.outer(np.sin(angles), distances), np.outer(np.cos(angles), distances)
