"""Slices of a NIfTI volume along each anatomical plane, resampled to square pixels."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from braintumor.enums import Plane
from braintumor.errors import ScanError
from braintumor.imaging.containers.gzip_content import GZIP_SIGNATURE, decompress_gzip
from braintumor.imaging.containers.nifti_header import HEADER_BYTES, parse_nifti_header
from braintumor.imaging.file_format import is_nifti
from braintumor.imaging.hanging import resample_square, square_size
from braintumor.imaging.raster import check_size
from braintumor.imaging.scan import Scan, SeriesPosition, SliceSource, make_scan
from braintumor.imaging.volume import Volume, read_volumes
from braintumor.imaging.windowing import window_high_bit_depth
from braintumor.settings import Settings

# A pixel that is longer than this many times its width comes from a slice that was cut across thicker ones.
_MAX_NATIVE_RATIO: Final = 2.5


class _SlicePlane(NamedTuple):
    """An anatomical plane, by axes of the RAS volume: the axis normal to it, and those of its rows and columns."""

    plane: Plane
    axis: int
    rows: int
    columns: int

    @property
    def title(self) -> str:
        """Name of the plane, such as `Axial`."""
        return self.plane.title()

    def is_reformatted(self, volume: Volume) -> bool:
        """Whether its slices lie across the slices that were acquired."""
        sizes = volume.voxel_sizes[self.rows], volume.voxel_sizes[self.columns]
        return max(sizes) > _MAX_NATIVE_RATIO * min(sizes)


_SLICE_PLANES: Final = (
    _SlicePlane(Plane.AXIAL, 2, 1, 0),
    _SlicePlane(Plane.CORONAL, 1, 2, 0),
    _SlicePlane(Plane.SAGITTAL, 0, 2, 1),
)


def iter_volume_slices(data: bytes, sha256: str, name: str, settings: Settings) -> Iterator[SliceSource]:
    """Yield the slices of a volume along each plane with large enough slices; blank ones are read as None.

    A time series gives its first volume, or with `Settings.all_time_points` each one as series of its own.

    Raises
    ------
    ScanError
        The volume cannot be read.
    """
    for volume in read_volumes(data, name, settings):
        yield from _iter_slices(volume, sha256, name, settings)


def count_volume_slices(data: bytes, settings: Settings) -> int:
    """Count the slices of a volume along each plane by its header, with blank ones; 0 if it is no NIfTI file.

    Raises
    ------
    ScanError
        The file is damaged.
    """
    header = decompress_gzip(data, HEADER_BYTES) if data.startswith(GZIP_SIGNATURE) else data[:HEADER_BYTES]
    if not is_nifti(header):
        return 0
    parsed = parse_nifti_header(header)
    shape = parsed.shape[:3]
    counts = [count for axis, count in enumerate(shape) if min(shape[:axis] + shape[axis + 1 :]) >= settings.min_side]
    return sum(counts) * (parsed.time_points if settings.all_time_points else 1)


def _iter_slices(volume: Volume, sha256: str, name: str, settings: Settings) -> Iterator[SliceSource]:
    is_time_series = settings.all_time_points and volume.time_points > 1
    number = volume.time_point + 1
    time_key = f"t{number}" if is_time_series else ""
    for plane in _plan_slices(volume, name, settings):
        count, thickness = volume.voxels.shape[plane.axis], volume.voxel_sizes[plane.axis]
        title = f"{plane.title}, {count} slices"
        if is_time_series:
            title = f"{title}, time point {number} of {volume.time_points}"
        prefix = f"time point {number}, " if is_time_series else ""
        for index in range(count):
            series = SeriesPosition(
                f"{sha256[:20]}{plane.axis}{time_key}", title, index, count, f"{sha256[:20]}{time_key}", plane.plane,
                (index + 0.5) * thickness if volume.has_spacing else None, plane.is_reformatted(volume),
            )  # fmt: skip
            slice_name = f"{name} [{prefix}{plane.title.lower()} {index + 1}]"
            yield SliceSource(
                slice_name, sha256, series, partial(_make_slice, volume, plane, series, slice_name, sha256)
            )


def _plan_slices(volume: Volume, name: str, settings: Settings) -> list[_SlicePlane]:
    shape = volume.voxels.shape
    planes = [plane for plane in _SLICE_PLANES if min(shape[plane.rows], shape[plane.columns]) >= settings.min_side]
    if not planes:
        raise ScanError(
            f"{name}: the volume of {' x '.join(map(str, shape))} voxels is too small to read. "
            f"Use slices of at least {settings.min_side} pixels on each side."
        )
    volumes = volume.time_points if settings.all_time_points else 1
    if volumes * sum(shape[plane.axis] for plane in planes) > settings.max_frames:
        raise ScanError(
            f"{name}: the volume has more than the {settings.max_frames:,} slices allowed. Export part of it."
        )
    for plane in planes:
        sizes = volume.voxel_sizes[plane.rows], volume.voxel_sizes[plane.columns]
        width, height = square_size(shape[plane.rows], shape[plane.columns], sizes)
        check_size(width, height, name, settings, is_high_bit_depth=True)
    return planes


def _make_slice(volume: Volume, plane: _SlicePlane, series: SeriesPosition, name: str, sha256: str) -> Scan | None:
    values, padding = volume.slice_with_padding(plane.axis, series.index)
    if values.min() == values.max():
        return None
    values, spacing = resample_square(values, (volume.voxel_sizes[plane.rows], volume.voxel_sizes[plane.columns]))
    if padding is not None and padding.shape != values.shape:
        size = (values.shape[1], values.shape[0])
        padding = np.asarray(Image.fromarray(padding).resize(size, Image.Resampling.NEAREST))
    gray = window_high_bit_depth(values, name, volume.window_edges, padding)
    if gray.values.min() == gray.values.max():  # entirely below or above the volume's window
        return None
    scan = make_scan(gray, name, sha256, "F", series, spacing if volume.has_spacing else None, volume.warnings)
    placement = volume.place_slice(plane.axis, plane.rows, plane.columns, series.index, series.volume)
    return replace(scan, is_oriented=volume.is_oriented, placement=placement)
