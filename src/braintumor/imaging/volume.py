"""NIfTI content -> Volume: unpacked within a bound, checked, and turned upright without copying it."""

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
from braintumor.imaging.windowing import WINDOW_PERCENTILES
from braintumor.settings import Settings

# Enough voxels to know a volume's percentiles by.
_PERCENTILE_SAMPLE_SIZE: Final = 2_000_000
# As much of a file as its header takes, with room.
_HEADER_BYTES: Final = 1024
_MM_PER_UNIT: Final = {"meter": 1000.0, "micron": 0.001}
_TIME_SERIES_WARNING: Final = "The file holds several volumes, one after another in time. The first was read."


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume whose axes run to the right, the front and the top of the body, and what its numbers mean."""

    voxels: NDArray[Any]
    voxel_sizes: tuple[float, float, float]
    slope: float
    intercept: float
    window_edges: tuple[float, float]
    warnings: tuple[str, ...]

    def slice_along(self, axis: int, index: int) -> NDArray[np.float32]:
        """A slice as a radiologist hangs it: front or top up, the patient's right (or front) on the left.

        Where a voxel has no number, as outside the brain of many skull-stripped volumes, it is as dark as the window.
        """
        cut = np.take(self.voxels, index, axis).T[::-1, ::-1]
        values = (cut.astype(np.float64) * self.slope + self.intercept).astype(np.float32)
        return np.where(np.isfinite(values), values, np.float32(self.window_edges[0]))


def read_volume(data: bytes, name: str, settings: Settings) -> Volume:
    """A NIfTI file, compressed or not.

    Raises
    ------
    ScanError
        Damaged, too large, or not of real numbers.
    """
    content = _decompress(data, name, settings) if data.startswith(b"\x1f\x8b") else data
    if not is_nifti(content):
        raise ScanError(f"{name}: there is no NIfTI volume in it. Export it as .nii, .nii.gz or DICOM.")
    # A large library, and few files need it.
    import nibabel

    try:
        kind = nibabel.Nifti2Image if content[4:8] == b"n+2\0" else nibabel.Nifti1Image
        # What it finds odd in a header it would say on standard error; what cannot be read is said as a refusal.
        nibabel.imageglobals.logger.setLevel(logging.CRITICAL)
        image = kind.from_bytes(content)
        return _make_volume(image, nibabel.io_orientation(image.affine), name, settings)
    except ScanError:
        raise
    except Exception as error:  # header and array errors of many kinds
        raise ScanError(f"{name}: the volume is cut short or damaged. Export or copy it again.") from error


def _decompress(data: bytes, name: str, settings: Settings) -> bytes:
    """Content of a compressed volume: as much as its header speaks of, and no more than is allowed."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        head = inflater.decompress(data, _HEADER_BYTES)
        wanted = _declared_size(head) if is_nifti(head) else 0
        if wanted > settings.max_volume_bytes:
            raise ScanError(_volume_too_large_message(name, settings))
        rest = inflater.decompress(inflater.unconsumed_tail, wanted - len(head)) if wanted > len(head) else b""
    except (zlib.error, struct.error):
        raise ScanError(f"{name}: the volume is cut short or damaged. Export or copy it again.") from None
    return head + rest


def _declared_size(header: bytes) -> int:
    """Bytes of a volume, header and all, by its header; of either version and byte order."""
    is_second = header[4:8] == b"n+2\0"
    order = "<" if header[:4] in (struct.pack("<i", 348), struct.pack("<i", 540)) else ">"
    count, *sizes = struct.unpack_from(f"{order}8{'q' if is_second else 'h'}", header, 16 if is_second else 40)
    bits = struct.unpack_from(f"{order}h", header, 14 if is_second else 72)[0]
    offset = struct.unpack_from(f"{order}{'q' if is_second else 'f'}", header, 168 if is_second else 108)[0]
    start = offset if math.isfinite(offset) else 0
    return int(start) + math.prod(max(0, size) for size in sizes[: max(0, min(count, 7))]) * max(0, bits) // 8


def _volume_too_large_message(name: str, settings: Settings) -> str:
    return f"{name}: the volume is larger than {settings.max_volume_bytes / 2**20:.0f} MB. Export a part of it."


def _make_volume(image: Any, orientation: NDArray[Any], name: str, settings: Settings) -> Volume:
    shape, kind = image.shape, image.get_data_dtype()
    if kind.kind not in "iuf" or kind.itemsize > 8:
        raise ScanError(f"{name}: its voxels are no real numbers. Export the volume with grey values.")
    if len(shape) < 3 or min(shape) < 1:
        raise ScanError(f"{name}: it holds no volume of three dimensions. Export it again.")
    if math.prod(shape) * kind.itemsize > settings.max_volume_bytes:
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
    """A view with axes to the right, the front and the top: each row of the orientation is where an axis goes."""
    turned = np.transpose(voxels, np.argsort(orientation[:, 0]))
    return turned[tuple(slice(None, None, int(way)) for way in orientation[np.argsort(orientation[:, 0]), 1])]


def _voxel_sizes(image: Any, orientation: NDArray[Any], name: str) -> tuple[float, float, float]:
    """Millimetres of a voxel along each axis of the upright volume."""
    unit = _MM_PER_UNIT.get(image.header.get_xyzt_units()[0], 1.0)
    zooms = [float(size) * unit for size in image.header.get_zooms()[:3]]
    right, front, top = (zooms[int(np.flatnonzero(orientation[:, 0] == axis)[0])] for axis in range(3))
    if not all(math.isfinite(size) and size > 0 for size in (right, front, top)):
        raise ScanError(f"{name}: its voxels have no size. Export the volume again.")
    return right, front, top


def _volume_window(voxels: NDArray[Any], slope: float, intercept: float, name: str) -> tuple[float, float]:
    """One window for the whole volume, so that its slices can be compared."""
    step = max(1, math.ceil((voxels.size / _PERCENTILE_SAMPLE_SIZE) ** (1 / 3)))
    values = voxels[::step, ::step, ::step].astype(np.float64) * slope + intercept
    values = values[np.isfinite(values)]
    if not values.size or values.min() == values.max():
        raise ScanError(f"{name}: the whole volume is one colour, so there is nothing to read. Check the export.")
    low, high = (float(edge) for edge in np.percentile(values, WINDOW_PERCENTILES))
    return (low, high) if high > low else (float(values.min()), float(values.max()))
