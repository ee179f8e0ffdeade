"""Files of any kind -> every slice in them, in order; what cannot be read is a refusal that costs nothing else."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.dicom.reader import read_single_frame
from braintumor.imaging.file_bytes import read_limited, sha256_hex
from braintumor.imaging.file_format import (
    FileFormat,
    detect_format,
    extension_mismatch_warning,
)
from braintumor.imaging.raster import check_size, count_pages, decode_image
from braintumor.imaging.scan import Scan, SeriesPosition, make_scan
from braintumor.imaging.windowing import array_to_gray
from braintumor.settings import Settings, get_settings


def read_scan(
    source: bytes | str | Path | NDArray[Any], name: str | None = None, settings: Settings | None = None
) -> Scan:
    """Read one scan.

    Parameters
    ----------
    source : bytes, path or ndarray
        The content of a JPEG, PNG, TIFF, BMP or WebP file (8 or 16 bit; grey, colour, palette or alpha; EXIF rotation
        is applied), of a DICOM file of one frame, a path to one, or an array of shape (height, width),
        (height, width, 3) or (height, width, 4).
    name : str, optional
        Name to show; the path's own name by default.

    Returns
    -------
    Scan
        Grey values, 8 bits where the source has no more; deeper values are windowed between their 0.5 and 99.5
        percentiles, or as a DICOM file says. Colour becomes luma (ITU-R BT.601), transparent parts count as black.

    Raises
    ------
    ScanError
        Empty, truncated, oversized, one-colour, not an image, or more than one slice; the message says which and what
        to do. For files of many slices see `braintumor.imaging.loading`.
    """
    settings = settings or get_settings()
    if isinstance(source, np.ndarray):
        return _scan_from_array(source, name or "array", settings)
    if isinstance(source, (str, Path)):
        path = Path(source)
        shown = name or path.name
        return _scan_from_bytes(read_limited(path, shown, settings.max_bytes), shown, settings)
    shown = name or "image"
    return _scan_from_bytes(read_limited(bytes(source), shown, settings.max_bytes), shown, settings)


def _scan_from_bytes(data: bytes, name: str, settings: Settings) -> Scan:
    kind = detect_format(data, name)
    if kind is FileFormat.TIFF and (pages := count_pages(data, name, settings)) > 1:
        raise ScanError(f"{name}: it holds {pages} pages where one slice is wanted. Export one slice as one image.")
    if kind.is_image:
        return read_image(data, kind, name, settings)
    if kind is FileFormat.DICOM:
        return read_single_frame(data, name, settings)
    raise ScanError(unsupported_format_message(kind, name))


def unsupported_format_message(file_format: FileFormat, name: str) -> str:
    """The sentence for a file of a kind that is not read."""
    if file_format is FileFormat.ARCHIVE:
        return f"{name}: this is an archive of a kind that is not read. Unpack it, or give a ZIP."
    if file_format in (FileFormat.ZIP, FileFormat.NIFTI):
        return f"{name}: it holds many slices where one is wanted. Export one slice as one image."
    return (
        f"{name}: this is not a JPEG or PNG image, nor TIFF, BMP, WebP, DICOM, NIfTI or ZIP, whatever its name says. "
        "Export the slice as JPEG or PNG."
    )


def read_image(
    data: bytes,
    file_format: FileFormat,
    name: str,
    settings: Settings,
    page: int = 0,
    series: SeriesPosition | None = None,
    sha256: str | None = None,
) -> Scan:
    """A picture file as a scan; a page of it where it is a TIFF of several, whose pages have been counted.

    The hash is worked out where it is not given: a file of thousands of pages must not pay for it with each.

    Raises
    ------
    ScanError
        It cannot be read.
    """
    grey, mode = decode_image(data, file_format, name, settings, page)
    warning = extension_mismatch_warning(file_format, name) if series is None else None
    return make_scan(
        grey, name, sha256 or sha256_hex(data), mode, series=series, warnings=(warning,) if warning else ()
    )


def _scan_from_array(array: NDArray[Any], name: str, settings: Settings) -> Scan:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ScanError(f"{name}: an array of shape {array.shape} is no image. Give height x width, or x 3, or x 4.")
    check_size(array.shape[1], array.shape[0], name, settings, array.dtype.itemsize > 1)
    content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return make_scan(array_to_gray(array, name), name, content, "array")
