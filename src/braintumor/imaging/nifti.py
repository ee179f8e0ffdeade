"""Slices of a NIfTI volume along each anatomical plane, resampled to square pixels."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging.raster import check_size
from braintumor.imaging.scan import FailedScan, Scan, SeriesPosition, make_scan
from braintumor.imaging.volume import Volume, read_volume
from braintumor.imaging.windowing import window_high_bit_depth
from braintumor.settings import Settings

# Pixels with a larger aspect ratio are resampled to square ones, because models learn the proportions of a head.
# Beyond the maximum the header is assumed to be wrong.
_ANISOTROPY_TOLERANCE: Final = 1.02
_MAX_ANISOTROPY: Final = 10.0


class _SlicePlane(NamedTuple):
    """An anatomical plane, by axes of the RAS volume: the axis normal to it, and those of its rows and columns."""

    title: str
    axis: int
    rows: int
    columns: int


_SLICE_PLANES: Final = (
    _SlicePlane("Axial", 2, 1, 0),
    _SlicePlane("Coronal", 1, 2, 0),
    _SlicePlane("Sagittal", 0, 2, 1),
)


def iter_volume_slices(data: bytes, sha256: str, name: str, settings: Settings) -> Iterator[Scan | FailedScan]:
    """Yield the slices of a volume along each plane with large enough slices, skipping blank ones.

    Raises
    ------
    ScanError
        The volume cannot be read.
    """
    volume = read_volume(data, name, settings)
    for plane in _plan_slices(volume, name, settings):
        count = volume.voxels.shape[plane.axis]
        for index in range(count):
            series = SeriesPosition(f"{sha256[:20]}{plane.axis}", f"{plane.title}, {count} slices", index, count)
            slice_name = f"{name} [{plane.title.lower()} {index + 1}]"
            try:
                scan = _make_slice(volume, plane, series, slice_name, sha256)
            except ScanError as error:
                yield FailedScan(slice_name, str(error), sha256)
                continue
            if scan is not None:
                yield scan


def _plan_slices(volume: Volume, name: str, settings: Settings) -> list[_SlicePlane]:
    shape = volume.voxels.shape
    planes = [plane for plane in _SLICE_PLANES if min(shape[plane.rows], shape[plane.columns]) >= settings.min_side]
    if not planes:
        raise ScanError(
            f"{name}: the volume of {' x '.join(map(str, shape))} voxels is too small to read. "
            f"Use slices of at least {settings.min_side} pixels on each side."
        )
    if sum(shape[plane.axis] for plane in planes) > settings.max_frames:
        raise ScanError(
            f"{name}: the volume has more than the {settings.max_frames:,} slices allowed. Export part of it."
        )
    for plane in planes:
        sizes = volume.voxel_sizes[plane.rows], volume.voxel_sizes[plane.columns]
        width, height = _square_size(shape[plane.rows], shape[plane.columns], sizes)
        check_size(width, height, name, settings, is_high_bit_depth=True)
    return planes


def _make_slice(volume: Volume, plane: _SlicePlane, series: SeriesPosition, name: str, sha256: str) -> Scan | None:
    values = volume.slice_along(plane.axis, series.index)
    if values.min() == values.max():
        return None
    values, spacing = _resample_to_square(values, (volume.voxel_sizes[plane.rows], volume.voxel_sizes[plane.columns]))
    gray = window_high_bit_depth(values, name, volume.window_edges)
    if gray.values.min() == gray.values.max():  # entirely below or above the volume's window
        return None
    return make_scan(gray, name, sha256, "F", series, spacing, volume.warnings)


def _resample_to_square(
    values: NDArray[np.float32], spacing: tuple[float, float]
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Resample to square pixels of the smaller spacing; leave square and implausible spacings unchanged."""
    rows, columns = values.shape
    size = _square_size(rows, columns, spacing)
    if size == (columns, rows):
        return values, spacing
    resized = np.array(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    return resized, (rows * spacing[0] / size[1], columns * spacing[1] / size[0])


def _square_size(rows: int, columns: int, spacing: tuple[float, float]) -> tuple[int, int]:
    """Return the width and height in square pixels."""
    side = min(spacing)
    if not _ANISOTROPY_TOLERANCE < max(spacing) / side < _MAX_ANISOTROPY:
        return columns, rows
    return max(1, round(columns * spacing[1] / side)), max(1, round(rows * spacing[0] / side))
