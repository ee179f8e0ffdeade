"""Heads and tumours of the training slices on a coarse grid, from which copy-paste augmentation takes its tumours."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Plane

_MIN_HEAD_GRAY: Final = 20  # darker pixels are background
_MIN_FRACTION_IN_HEAD: Final = 0.9  # of a pasted tumour's area
_GRID_FACTOR: Final = 4  # masks and heads are compared on a grid this many times coarser
_MIRROR_PLANES: Final = (Plane.AXIAL, Plane.CORONAL)


@dataclass(frozen=True, slots=True)
class DonorBank:
    """Labels, and the areas of head and tumour on a coarse grid, of n slices.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
    heads, tumors : ndarray of float32, shape (n, cells)
        Fraction of each grid cell that is head, or tumour.
    can_mirror : ndarray of bool, shape (n,)
        Whether the mirrored slice shows the tumour's location without the tumour. This excludes sagittal slices and
        tumours on the midline, which would be replaced by themselves.
    """

    labels: NDArray[np.int64]
    heads: NDArray[np.float32]
    tumors: NDArray[np.float32]
    can_mirror: NDArray[np.bool_]

    @classmethod
    def from_arrays(
        cls,
        model_inputs: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        labels: NDArray[np.int64],
        planes: NDArray[np.object_],
    ) -> Self:
        """Build from images and masks (n, height, width), labels (n,) and planes (n,)."""
        tumors = _downsample_masks(masks > 0)
        grid = tumors.reshape(len(masks), masks.shape[1] // _GRID_FACTOR, -1)
        crosses_midline = (grid * grid[:, :, ::-1]).any(axis=(1, 2))
        can_mirror = np.isin(planes, [str(plane) for plane in _MIRROR_PLANES]) & ~crosses_midline
        return cls(labels, _downsample_masks(model_inputs > _MIN_HEAD_GRAY), tumors, can_mirror)

    def rows_with_mask(self) -> NDArray[np.int64]:
        """Return the rows with an outlined tumour."""
        return np.flatnonzero(self.tumors.any(axis=1))

    def fits_in_head(self, tumor_rows: NDArray[np.int64], target_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Check for each pair of rows whether the tumour would lie within the head of the target slice."""
        tumors = self.tumors[tumor_rows]
        return (tumors * self.heads[target_rows]).sum(axis=1) >= _MIN_FRACTION_IN_HEAD * tumors.sum(axis=1)


def _downsample_masks(values: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Average masks (n, height, width) over grid cells; shape (n, cells)."""
    count, height, width = values.shape
    rows, columns = height // _GRID_FACTOR, width // _GRID_FACTOR
    blocks = values[:, : rows * _GRID_FACTOR, : columns * _GRID_FACTOR].reshape(
        count, rows, _GRID_FACTOR, columns, _GRID_FACTOR
    )
    return blocks.mean(axis=(2, 4)).reshape(count, -1).astype(np.float32)
