"""Approximate brain mask of a T1 volume, to imitate skull-stripped scans.

Thresholding and opening, as in the classic skull-stripping methods: brain is the largest bright region left when thin
bridges, such as nerves and vessels, are cut. It suits healthy T1 volumes, and is not meant for measurements.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_GRID_MM: Final = 2.0  # fine enough for the skull, and fast
_HEAD_LEVEL: Final = 0.08  # of the 99.5th percentile
# Grey values of brain tissue relative to the 80th percentile of the head, which is white matter.
_LOWEST_TISSUE, _HIGHEST_TISSUE = 0.58, 1.6
_EROSIONS: Final = 2
_DILATIONS: Final = 3  # back to the edge of the cortex, which the threshold loses in part
_CLOSINGS: Final = 6  # fills ventricles and sulci


def find_brain(voxels: NDArray[np.floating], voxel_sizes: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Find the brain in a T1 volume.

    Parameters
    ----------
    voxels : ndarray, shape (x, y, z)
    voxel_sizes : tuple of float
        In mm.

    Returns
    -------
    ndarray of bool, shape (x, y, z)
        All False for a blank volume.
    """
    scaled = np.clip(voxels / max(float(np.percentile(voxels, 99.5)), 1e-6), 0, 1).astype(np.float32)
    coarse = ndimage.gaussian_filter(ndimage.zoom(scaled, [mm / _GRID_MM for mm in voxel_sizes], order=1), 0.7)
    is_head = coarse > _HEAD_LEVEL
    if not is_head.any():
        return np.zeros(voxels.shape, bool)
    white_matter = np.percentile(coarse[is_head], 80)
    is_tissue = (coarse > _LOWEST_TISSUE * white_matter) & (coarse < _HIGHEST_TISSUE * white_matter)
    core = _largest_component(ndimage.binary_erosion(is_tissue, iterations=_EROSIONS))
    core = _largest_component(ndimage.binary_opening(core, iterations=_EROSIONS))
    brain = np.pad(ndimage.binary_dilation(core, iterations=_DILATIONS), _CLOSINGS)
    brain = ndimage.binary_fill_holes(ndimage.binary_closing(brain, iterations=_CLOSINGS))
    inner = (slice(_CLOSINGS, -_CLOSINGS),) * 3
    factors = [full / part for full, part in zip(voxels.shape, coarse.shape, strict=True)]
    return np.asarray(ndimage.zoom(brain[inner].astype(np.float32), factors, order=1) > 0.5)


def _largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if not count:
        return mask
    return np.asarray(labels == 1 + np.argmax(ndimage.sum_labels(mask, labels, range(1, count + 1))))
