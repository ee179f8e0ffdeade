"""Slices of a NIfTI volume along each plane of the body, as scans on square pixels."""

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

# Voxels this much longer one way than the other are made square, for a head has its shape and models know it.
_ANISOTROPY_TOLERANCE: Final = 1.02
_MAX_ANISOTROPY: Final = 10.0


class _SlicePlane(NamedTuple):
    """A plane of the body, by axes in the order right, front, top: the one it runs along, its rows and columns."""

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
    """Slices of a volume along each plane that has enough of them to make a picture; blank ones are passed over.

    Raises
    ------
    ScanError
        The volume cannot be read at all.
    """
    volume = read_volume(data, name, settings)
    for plane in _plan_slices(volume, name, settings):
        count = volume.voxels.shape[plane.axis]
        for index in range(count):
            series = SeriesPosition(f"{sha256[:20]}{plane.axis}", f"{plane.title}, {count} slices", index, count)
            shown = f"{name} [{plane.title.lower()} {index + 1}]"
            try:
                found = _make_slice(volume, plane, series, shown, sha256)
            except ScanError as error:
                yield FailedScan(shown, str(error), sha256)
                continue
            if found is not None:
                yield found


def _plan_slices(volume: Volume, name: str, settings: Settings) -> list[_SlicePlane]:
    shape = volume.voxels.shape
    cuts = [plane for plane in _SLICE_PLANES if min(shape[plane.rows], shape[plane.columns]) >= settings.min_side]
    if not cuts:
        raise ScanError(
            f"{name}: {' x '.join(map(str, shape))} voxels are too few to read. "
            f"Give slices of at least {settings.min_side} pixels a side."
        )
    if sum(shape[plane.axis] for plane in cuts) > settings.max_frames:
        raise ScanError(f"{name}: it holds more than the {settings.max_frames:,} slices allowed. Export a part of it.")
    for plane in cuts:
        sizes = volume.voxel_sizes[plane.rows], volume.voxel_sizes[plane.columns]
        check_size(
            *_square_size(shape[plane.rows], shape[plane.columns], sizes), name, settings, is_high_bit_depth=True
        )
    return cuts


def _make_slice(volume: Volume, plane: _SlicePlane, series: SeriesPosition, name: str, sha256: str) -> Scan | None:
    values = volume.slice_along(plane.axis, series.index)
    if values.min() == values.max():
        return None
    values, spacing = _resample_to_square(values, (volume.voxel_sizes[plane.rows], volume.voxel_sizes[plane.columns]))
    grey = window_high_bit_depth(values, name, volume.window_edges)
    if grey.values.min() == grey.values.max():  # all of it below or above the volume's window
        return None
    return make_scan(grey, name, sha256, "F", series, spacing, volume.warnings)


def _resample_to_square(
    values: NDArray[np.float32], spacing: tuple[float, float]
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Values on square pixels of the smaller side, and their spacing; as they are where they are square or absurd."""
    rows, columns = values.shape
    size = _square_size(rows, columns, spacing)
    if size == (columns, rows):
        return values, spacing
    resized = np.array(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    return resized, (rows * spacing[0] / size[1], columns * spacing[1] / size[0])


def _square_size(rows: int, columns: int, spacing: tuple[float, float]) -> tuple[int, int]:
    """Width and height on square pixels."""
    side = min(spacing)
    if not _ANISOTROPY_TOLERANCE < max(spacing) / side < _MAX_ANISOTROPY:
        return columns, rows
    return max(1, round(columns * spacing[1] / side)), max(1, round(rows * spacing[0] / side))
