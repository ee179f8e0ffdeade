"""NIfTI file as an upright volume: unpacked within limits, validated, and reoriented without a copy."""

import logging
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.file_format import is_nifti
from braintumor.imaging.windowing import apply_rescale, percentile_window
from braintumor.settings import Settings

# Number of voxels from which the percentiles of a volume are estimated.
_PERCENTILE_SAMPLE_SIZE: Final = 2_000_000
# More than the header of either NIfTI version.
_HEADER_BYTES: Final = 1024
_MM_PER_UNIT: Final = {"meter": 1000.0, "micron": 0.001}
_TIME_SERIES_WARNING: Final = "The file contains several volumes (a time series). Only the first was read."


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume with axes right, anterior, superior (RAS), and the scale of its stored values."""

    voxels: NDArray[Any]
    voxel_sizes: tuple[float, float, float]
    slope: float
    intercept: float
    window_edges: tuple[float, float]
    warnings: tuple[str, ...]

    def slice_along(self, axis: int, index: int) -> NDArray[np.float32]:
        """Return a slice in radiological orientation: anterior or superior up, the patient's right (or front) left.

        Voxels that are not finite, as outside the brain in many skull-stripped volumes, become black.
        """
        stored = np.take(self.voxels, index, axis).T[::-1, ::-1]
        values = apply_rescale(stored, self.slope, self.intercept).astype(np.float32)
        return np.where(np.isfinite(values), values, np.float32(self.window_edges[0]))


def read_volume(data: bytes, name: str, settings: Settings) -> Volume:
    """Read a NIfTI file, compressed or not.

    Raises
    ------
    ScanError
        The file is damaged, too large, or has voxels that are not real numbers.
    """
    content = _decompress(data, name, settings) if data.startswith(b"\x1f\x8b") else data
    if not is_nifti(content):
        raise ScanError(f"{name}: the file contains no NIfTI volume. Export it as .nii, .nii.gz or DICOM.")
    import nibabel  # slow to import, and few files need it

    try:
        image_class = nibabel.Nifti2Image if content[4:8] == b"n+2\0" else nibabel.Nifti1Image
        # nibabel would log oddities of the header to standard error; unreadable files are reported as errors instead.
        nibabel.imageglobals.logger.setLevel(logging.CRITICAL)
        image = image_class.from_bytes(content)
        return _make_volume(image, nibabel.io_orientation(image.affine), name, settings)
    except ScanError:
        raise
    except Exception as error:  # header and array errors of many kinds
        raise ScanError(f"{name}: the volume is truncated or damaged. Export or copy it again.") from error


def _decompress(data: bytes, name: str, settings: Settings) -> bytes:
    """Decompress as many bytes as the header declares, within the size limit."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        header = inflater.decompress(data, _HEADER_BYTES)
        size = _declared_size(header) if is_nifti(header) else 0
        if size > settings.max_volume_bytes:
            raise ScanError(_volume_too_large_message(name, settings))
        rest = inflater.decompress(inflater.unconsumed_tail, size - len(header)) if size > len(header) else b""
    except (zlib.error, struct.error):
        raise ScanError(f"{name}: the volume is truncated or damaged. Export or copy it again.") from None
    return header + rest


def _declared_size(header: bytes) -> int:
    """Return the declared size in bytes, header included, from a header of either version and byte order."""
    is_nifti2 = header[4:8] == b"n+2\0"
    order = "<" if header[:4] in (struct.pack("<i", 348), struct.pack("<i", 540)) else ">"
    count, *sizes = struct.unpack_from(f"{order}8{'q' if is_nifti2 else 'h'}", header, 16 if is_nifti2 else 40)
    bits = struct.unpack_from(f"{order}h", header, 14 if is_nifti2 else 72)[0]
    offset = struct.unpack_from(f"{order}{'q' if is_nifti2 else 'f'}", header, 168 if is_nifti2 else 108)[0]
    start = offset if math.isfinite(offset) else 0
    return int(start) + math.prod(max(0, size) for size in sizes[: max(0, min(count, 7))]) * max(0, bits) // 8


def _volume_too_large_message(name: str, settings: Settings) -> str:
    return f"{name}: the volume is larger than {settings.max_volume_bytes / 2**20:.0f} MB. Export part of it."


def _make_volume(image: Any, orientation: NDArray[Any], name: str, settings: Settings) -> Volume:
    shape, dtype = image.shape, image.get_data_dtype()
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise ScanError(f"{name}: its voxels are not real numbers. Export the volume with greyscale values.")
    if len(shape) < 3 or min(shape) < 1:
        raise ScanError(f"{name}: the volume has fewer than three dimensions. Export it again.")
    if math.prod(shape) * dtype.itemsize > settings.max_volume_bytes:
        raise ScanError(_volume_too_large_message(name, settings))
    raw = image.dataobj
    first = raw.get_unscaled()[(..., *(0,) * (len(shape) - 3))]
    upright = _to_ras(first, orientation)
    slope, intercept = float(raw.slope), float(raw.inter)
    warnings = (_TIME_SERIES_WARNING,) if math.prod(shape[3:]) > 1 else ()
    return Volume(
        upright,
        _voxel_sizes(image, orientation, name),
        slope,
        intercept,
        _volume_window(upright, slope, intercept, name),
        warnings,
    )


def _to_ras(voxels: NDArray[Any], orientation: NDArray[Any]) -> NDArray[Any]:
    """Return a view with RAS axes; row i of the orientation is the target of axis i and its sign."""
    axes = np.argsort(orientation[:, 0])
    return np.transpose(voxels, axes)[tuple(slice(None, None, int(sign)) for sign in orientation[axes, 1])]


def _voxel_sizes(image: Any, orientation: NDArray[Any], name: str) -> tuple[float, float, float]:
    """Return the voxel size in millimetres along each axis of the upright volume."""
    unit = _MM_PER_UNIT.get(image.header.get_xyzt_units()[0], 1.0)
    zooms = [float(size) * unit for size in image.header.get_zooms()[:3]]
    x, y, z = (zooms[int(np.flatnonzero(orientation[:, 0] == axis)[0])] for axis in range(3))
    if not all(math.isfinite(size) and size > 0 for size in (x, y, z)):
        raise ScanError(f"{name}: the voxel sizes are missing or invalid. Export the volume again.")
    return x, y, z


def _volume_window(voxels: NDArray[Any], slope: float, intercept: float, name: str) -> tuple[float, float]:
    """Return one window for all slices, so that they can be compared."""
    step = max(1, math.ceil((voxels.size / _PERCENTILE_SAMPLE_SIZE) ** (1 / 3)))
    values = apply_rescale(voxels[::step, ::step, ::step], slope, intercept)
    values = values[np.isfinite(values)]
    if not values.size or values.min() == values.max():
        raise ScanError(f"{name}: all voxels have the same value, so there is nothing to read. Check the export.")
    return percentile_window(values)
