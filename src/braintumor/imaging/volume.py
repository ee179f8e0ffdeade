"""NIfTI file as upright volumes: unpacked within limits, validated, and reoriented without a copy."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.containers.gzip_content import GZIP_SIGNATURE, decompress_gzip
from braintumor.imaging.containers.nifti_header import HEADER_BYTES, NiftiHeader, parse_nifti_header
from braintumor.imaging.file_bytes import too_large_message
from braintumor.imaging.file_format import is_nifti
from braintumor.imaging.geometry import Placement
from braintumor.imaging.windowing import apply_rescale, fill_padding, find_padding_range, percentile_window
from braintumor.settings import Settings

# Number of voxels from which the percentiles of a volume are estimated.
_PERCENTILE_SAMPLE_SIZE: Final = 2_000_000
_TIME_SERIES_WARNING: Final = "The file contains several volumes (a time series). Only the first was read."

# Values that are not finite, or too large for 32 bits, are no reason for a warning on standard error.
_IGNORE_OVERFLOW: Final = np.errstate(invalid="ignore", over="ignore")


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume with axes right, anterior, superior (RAS), and the scale of its stored values.

    Attributes
    ----------
    voxels : ndarray, shape (x, y, z)
        Stored values, as a view of the file's content.
    voxel_sizes : (float, float, float)
        In mm; all 1 if the file states none, and `has_spacing` is then False.
    slope, intercept : float
        Stored value * slope + intercept is the value.
    window_edges : (float, float)
        Values shown black and white, the same for all slices.
    is_oriented : bool
        Whether the file states the orientation. If not, the stored axes are taken for right, anterior, superior.
    time_point, time_points : int
        Index of the volume in its file, from 0, and number of volumes in the file.
    warnings : tuple of str
        Sentences for the reader.
    padding : (float, float), optional
        Lowest and highest value that are padding.
    affine : ndarray of float64, shape (4, 4), optional
        From voxel indices to right, front and head, in the unit of the file.
    """

    voxels: NDArray[Any]
    voxel_sizes: tuple[float, float, float]
    slope: float
    intercept: float
    window_edges: tuple[float, float]
    warnings: tuple[str, ...]
    has_spacing: bool = True
    is_oriented: bool = True
    time_point: int = 0
    time_points: int = 1
    padding: tuple[float, float] | None = None
    affine: NDArray[np.float64] | None = None

    def slice_along(self, axis: int, index: int) -> NDArray[np.float32]:
        """Return a slice in radiological orientation: anterior or superior up, the patient's right (or front) left.

        Padding has the lowest of the other values.
        """
        return self.slice_with_padding(axis, index)[0]

    def place_slice(self, axis: int, rows: int, columns: int, index: int, frame: str) -> Placement | None:
        """Return where the slice that `slice_along` returns lies in the patient; None if the affine is not usable.

        Parameters
        ----------
        axis, rows, columns : int
            Axis normal to the slice, and those of its rows and columns.
        index : int
            Of the slice along the axis.
        frame : str
            As in `Placement`.
        """
        if self.affine is None or not np.isfinite(self.affine).all():
            return None
        to_patient = np.array([-1.0, -1.0, 1.0])[:, None] * self.affine[:3]  # RAS to LPS
        counts = self.voxels.shape
        corner = np.ones(4)
        corner[[axis, rows, columns]] = index, counts[rows] - 0.5, counts[columns] - 0.5
        vectors = -counts[columns] * to_patient[:, columns], -counts[rows] * to_patient[:, rows], to_patient @ corner
        right, down, origin = ((float(x), float(y), float(z)) for x, y, z in vectors)
        return Placement(right, down, origin, frame, self.is_oriented)

    @_IGNORE_OVERFLOW
    def slice_with_padding(self, axis: int, index: int) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Return a slice as `slice_along` does, and which of its pixels are padding.

        These include all that are not finite, as outside the brain in many skull-stripped volumes.
        """
        # `np.take` would copy the whole volume for each slice, because it is not stored in C order.
        stored = np.moveaxis(self.voxels, axis, 0)[index].T[::-1, ::-1]
        values = apply_rescale(stored, self.slope, self.intercept)
        padding = ~np.isfinite(values)
        if self.padding is not None:
            padding |= (values >= self.padding[0]) & (values <= self.padding[1])
        if not padding.any():
            return values.astype(np.float32), None
        if padding.all():
            return np.full(values.shape, self.window_edges[0], np.float32), padding
        return fill_padding(values.astype(np.float32), padding), padding


def read_volumes(data: bytes, name: str, settings: Settings) -> Iterator[Volume]:
    """Read a NIfTI file, compressed or not: its first volume, or each with `Settings.all_time_points`.

    Raises
    ------
    ScanError
        The file is damaged, too large, or has voxels that are not real numbers.
    """
    try:
        content = _decompress(data, name, settings) if data.startswith(GZIP_SIGNATURE) else data
        if not is_nifti(content):
            raise ScanError(f"{name}: the file contains no NIfTI volume. Export it as .nii, .nii.gz or DICOM.")
        header = parse_nifti_header(content)
        voxels = _view_voxels(content, header, name, settings)
    except ScanError:
        raise
    except Exception as error:  # header and array errors of many kinds
        raise ScanError(f"{name}: the volume is truncated or damaged. Export or copy it again.") from error
    if settings.all_time_points:
        for time_point in range(header.time_points):
            yield _make_volume(voxels[..., time_point], header, time_point, name, header.warnings)
        return
    warnings = (_TIME_SERIES_WARNING, *header.warnings) if header.time_points > 1 else header.warnings
    yield _make_volume(voxels[..., 0], header, 0, name, warnings)


def _decompress(data: bytes, name: str, settings: Settings) -> bytes:
    """Decompress as many bytes as the header declares, within the size limit."""
    header = decompress_gzip(data, HEADER_BYTES)
    size = _declared_size(header) if is_nifti(header) else 0
    if size > settings.max_volume_bytes:
        raise ScanError(too_large_message(name, settings.max_volume_bytes, "volume"))
    return decompress_gzip(data, size) if size > len(header) else header


def _declared_size(header: bytes) -> int:
    """Return the declared size in bytes, header included, without parsing the rest of the header."""
    parsed = parse_nifti_header(header)
    return parsed.offset + parsed.data_bytes


def _view_voxels(content: bytes, header: NiftiHeader, name: str, settings: Settings) -> NDArray[Any]:
    """Return the stored voxels of shape (columns, rows, slices, time points), without a copy."""
    if header.dtype.kind not in "iuf" or header.dtype.itemsize > 8:
        raise ScanError(f"{name}: its voxels {_describe_voxel_problem(header.dtype)}")
    if header.data_bytes > settings.max_volume_bytes:
        raise ScanError(too_large_message(name, settings.max_volume_bytes, "volume"))
    values = np.frombuffer(content, header.dtype, math.prod(header.shape), header.offset)
    return values.reshape((*header.shape[:3], header.time_points), order="F")


def _describe_voxel_problem(dtype: np.dtype[Any]) -> str:
    """Return what is wrong with voxels of a type that is not read, and what to do next."""
    if dtype.kind == "c":
        return "are complex, not real numbers. Export the magnitude of the volume."
    if dtype.names:
        return "are colours, not grey values. Export the volume with greyscale values."
    return "have a type that is not supported. Export the volume with numbers of 8 to 64 bits."


def _make_volume(
    stored: NDArray[Any], header: NiftiHeader, time_point: int, name: str, warnings: tuple[str, ...]
) -> Volume:
    from nibabel.orientations import inv_ornt_aff, io_orientation  # slow to import, and few files need it

    orientation = io_orientation(header.affine)
    upright = _to_ras(stored, orientation)
    x, y, z = (header.voxel_sizes[int(np.flatnonzero(orientation[:, 0] == axis)[0])] for axis in range(3))
    window_edges, padding = _measure_window(upright, header.slope, header.intercept, name)
    return Volume(
        upright,
        (x, y, z),
        header.slope,
        header.intercept,
        window_edges,
        warnings,
        header.has_spacing,
        header.is_oriented,
        time_point,
        header.time_points,
        padding,
        header.affine @ inv_ornt_aff(orientation, stored.shape),
    )


def _to_ras(voxels: NDArray[Any], orientation: NDArray[Any]) -> NDArray[Any]:
    """Return a view with RAS axes; row i of the orientation is the target of axis i and its sign."""
    axes = np.argsort(orientation[:, 0])
    return np.transpose(voxels, axes)[tuple(slice(None, None, int(sign)) for sign in orientation[axes, 1])]


@_IGNORE_OVERFLOW
def _measure_window(
    voxels: NDArray[Any], slope: float, intercept: float, name: str
) -> tuple[tuple[float, float], tuple[float, float] | None]:
    """Return one window for all slices, so that they can be compared, and the range of values that are padding."""
    step = max(1, math.ceil((voxels.size / _PERCENTILE_SAMPLE_SIZE) ** (1 / 3)))
    values = apply_rescale(voxels[::step, ::step, ::step], slope, intercept)
    finite = values[np.isfinite(values)]
    if step > 1 and _is_uniform(finite):
        finite = np.append(finite[:1], _other_values(voxels, slope, intercept))
    if _is_uniform(finite):
        raise ScanError(f"{name}: all voxels have the same value, so there is nothing to read. Check the export.")
    padding = find_padding_range(np.where(np.isfinite(values), values, finite.max()))
    if padding is not None:
        finite = finite[(finite < padding[0]) | (finite > padding[1])]
    return percentile_window(finite), padding


def _is_uniform(values: NDArray[Any]) -> bool:
    return not values.size or bool(values.min() == values.max())


def _other_values(voxels: NDArray[Any], slope: float, intercept: float) -> NDArray[np.float64]:
    """Return the finite values that differ from the first voxel: a small head can lie between the sampled voxels."""
    others = voxels[np.isfinite(voxels) & (voxels != voxels[0, 0, 0])]
    return apply_rescale(others[:: max(1, others.size // _PERCENTILE_SAMPLE_SIZE)], slope, intercept)
