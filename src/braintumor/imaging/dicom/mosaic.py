"""Siemens mosaics: all slices of a volume in one image, as square tiles in rows from the upper left."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from braintumor.imaging.dicom.metadata import FrameMetadata
from braintumor.imaging.dicom.values import first_float, get_floats, get_int, get_private_float, get_words
from braintumor.imaging.hanging import normal_sign

# Role of a mosaic in `DicomMetadata`.
MOSAIC_ROLE: Final = "mosaic"
# Tiles along a side of a mosaic; 16 x 16 = 256 slices.
_SIDES: Final = range(2, 17)
_MIN_TILE_PIXELS: Final = 16
# Neighbouring slices are similar, and halves of a slice are not: correlations are 0.7 to 0.9 against at most 0.55, and
# the edges of tiles have 0.2 to 0.3 against 0.9 to 1.6 times the mean brightness (drawn heads).
_MIN_CORRELATION: Final = 0.5
_MAX_EDGE_BRIGHTNESS: Final = 0.7
# A finer division wins unless its tiles are clearly less similar than those of the most similar one.
_MIN_CORRELATION_SHARE: Final = 0.75
# Tiles are compared as averages of this many blocks along each side.
_COMPARED_BLOCKS: Final = 12


@dataclass(frozen=True, slots=True)
class MosaicLayout:
    """Number of slices in a mosaic, and of tiles along each side."""

    count: int
    side: int

    def crop_tile(self, values: NDArray[Any], index: int) -> NDArray[Any]:
        """Return one slice of a mosaic, shape (rows / side, columns / side)."""
        height, width = values.shape[0] // self.side, values.shape[1] // self.side
        row, column = divmod(index, self.side)
        return values[row * height : (row + 1) * height, column * width : (column + 1) * width]


def is_mosaic(dataset: Dataset) -> bool:
    """Whether a file declares itself a mosaic."""
    return "MOSAIC" in get_words(dataset, "ImageType") or _stated_count(dataset) is not None


def find_mosaic_layout(dataset: Dataset, decode: Callable[[int], NDArray[Any]]) -> MosaicLayout | None:
    """Return the layout of a mosaic, from its header or else from its pixels; None if neither states it.

    Parameters
    ----------
    dataset : Dataset
        The file.
    decode : callable
        Returns the pixels of a frame, shape (rows, columns).
    """
    rows, columns = get_int(dataset, "Rows") or 0, get_int(dataset, "Columns") or 0
    count = _stated_count(dataset)
    if count is not None:
        side = math.ceil(math.sqrt(count))
        if rows % side == 0 and columns % side == 0:
            return MosaicLayout(count, side)
    values = decode(0)
    tiles = detect_side(values) or _side_of_matrix(dataset, rows, columns)
    return MosaicLayout(_count_tiles(values, tiles), tiles) if tiles else None


def split_frames(dataset: Dataset, frames: Sequence[FrameMetadata], layout: MosaicLayout) -> tuple[FrameMetadata, ...]:
    """Return the metadata of every slice, with positions where the file states the distance between slices."""
    distance = first_float([dataset], "SpacingBetweenSlices") or first_float([dataset], "SliceThickness")
    slices = []
    for number, frame in enumerate(frames):
        step = distance * normal_sign(frame.orientation) if distance and frame.orientation else None
        start = frame.position or 0.0
        time = frame.time if len(frames) == 1 else str(number + 1)
        for index in range(layout.count):
            position = None if step is None else start + index * step
            slices.append(replace(frame, position=position, time=time, first_pixel=()))
    return tuple(slices)


def detect_side(values: NDArray[Any]) -> int | None:
    """Return the number of tiles along each side, by the similarity of neighbouring tiles; None if there are none."""
    sides = [
        side
        for side in _SIDES
        if not any(length % side for length in values.shape) and min(values.shape) // side >= _MIN_TILE_PIXELS
    ]
    correlations = {side: _neighbor_correlation(values, side) for side in sides if _has_dark_edges(values, side)}
    best = max(correlations.values(), default=0.0)
    threshold = max(_MIN_CORRELATION, _MIN_CORRELATION_SHARE * best)
    return max((side for side, correlation in correlations.items() if correlation >= threshold), default=None)


def _stated_count(dataset: Dataset) -> int | None:
    names = ["NumberOfImagesInMosaic"]
    if "MOSAIC" in get_words(dataset, "ImageType"):
        names.append("LocationsInAcquisition")
    counts = (get_private_float(dataset, name) for name in names)
    return next((int(count) for count in counts if count is not None and 1 < count <= max(_SIDES) ** 2), None)


def _side_of_matrix(dataset: Dataset, rows: int, columns: int) -> int | None:
    """Return how often the acquired matrix fits into the image."""
    size = int(max(get_floats(dataset, "AcquisitionMatrix"), default=0))
    if size < _MIN_TILE_PIXELS or rows % size or columns % size or rows != columns or rows // size not in _SIDES:
        return None
    return rows // size


def _count_tiles(values: NDArray[Any], side: int) -> int:
    """Count the tiles up to the last one that is not empty."""
    layout = MosaicLayout(side * side, side)
    tiles = [layout.crop_tile(values, index) for index in range(layout.count)]
    return max((index + 1 for index, tile in enumerate(tiles) if tile.min() != tile.max()), default=1)


def _has_dark_edges(values: NDArray[Any], side: int) -> bool:
    """Whether the pixels on both sides of the edges between tiles are darker than others."""
    height, width = values.shape[0] // side, values.shape[1] // side
    rows = [number * height + offset for number in range(1, side) for offset in (-1, 0)]
    columns = [number * width + offset for number in range(1, side) for offset in (-1, 0)]
    low = float(values.min())
    brightness = (float(values[rows].mean()) + float(values[:, columns].mean())) / 2 - low
    return brightness <= _MAX_EDGE_BRIGHTNESS * (float(values.mean()) - low)


def _neighbor_correlation(values: NDArray[Any], side: int) -> float:
    """Return the median correlation of neighbouring tiles of a row that are not empty."""
    layout = MosaicLayout(side * side, side)
    tiles = [_standardize(layout.crop_tile(values, index)) for index in range(layout.count)]
    correlations = [
        float(np.mean(first * second))
        for index, (first, second) in enumerate(pairwise(tiles), 1)
        if index % side and first is not None and second is not None
    ]
    return float(np.median(correlations)) if correlations else 0.0


def _standardize(tile: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return block averages of a tile with mean 0 and standard deviation 1; None if they are all the same."""
    rows, columns = (np.arange(_COMPARED_BLOCKS) * length // _COMPARED_BLOCKS for length in tile.shape)
    sums = np.add.reduceat(np.add.reduceat(tile.astype(np.float64), rows, 0), columns, 1)
    blocks = sums / np.outer(np.diff(rows, append=tile.shape[0]), np.diff(columns, append=tile.shape[1]))
    spread = float(blocks.std())
    return (blocks - blocks.mean()) / spread if spread > 0 else None
