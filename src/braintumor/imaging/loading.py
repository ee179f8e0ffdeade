"""Reading of one scan from a file, bytes or an array."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.file_bytes import read_limited, sha256_hex
from braintumor.imaging.file_format import FileFormat, detect_format, extension_mismatch_warning
from braintumor.imaging.picture.scan_examination import examine_scan
from braintumor.imaging.raster import check_size, decode_image, find_pages
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
        Content of, or path to, an image file (JPEG, PNG, TIFF, BMP, WebP, GIF, AVIF or JPEG 2000; 8 or 16 bits; grey,
        colour, palette or alpha; EXIF orientation is applied) or of a DICOM file with one frame; or an array of shape
        (height, width), (height, width, 3) or (height, width, 4).
    name : str, optional
        Display name. Default: the file name.

    Returns
    -------
    Scan
        Greyscale values, 8-bit if the source is. Values with more bits are windowed between their 0.5 and 99.9
        percentiles, or by the window of a DICOM file. Colour becomes luma (ITU-R BT.601), transparent pixels black.

    Raises
    ------
    ScanError
        The source is empty, truncated, too large, uniform, not an image, or has several slices. For files with
        several slices see `braintumor.imaging.scan_iterator.iter_scans`.
    """
    settings = settings or get_settings()
    if isinstance(source, np.ndarray):
        return _scan_from_array(source, name or "array", settings)
    if isinstance(source, (str, Path)):
        path = Path(source)
        name = name or path.name
        return _scan_from_bytes(read_limited(path, name, settings), name, settings)
    name = name or "image"
    return _scan_from_bytes(read_limited(bytes(source), name, settings), name, settings)


def _scan_from_bytes(data: bytes, name: str, settings: Settings) -> Scan:
    file_format = detect_format(data, name)
    pages = find_pages(data, name, settings) if file_format is FileFormat.TIFF else [0]
    if len(pages) > 1:
        raise ScanError(
            f"{name}: the file has {len(pages)} pages, but a single slice is expected. Export one slice as one image."
        )
    if file_format.is_image:
        return read_image(data, file_format, name, settings, pages[0])
    if file_format is FileFormat.DICOM:
        from braintumor.imaging.dicom.reader import read_single_frame  # images start faster without it

        return read_single_frame(data, name, settings)
    from braintumor.imaging.containers.unsupported import unsupported_format_message

    raise ScanError(unsupported_format_message(file_format, data, name))


def read_image(
    data: bytes,
    file_format: FileFormat,
    name: str,
    settings: Settings,
    page: int = 0,
    series: SeriesPosition | None = None,
    sha256: str | None = None,
) -> Scan:
    """Read an image file, or one page of a TIFF file whose pages `find_pages` has found.

    Pass the hash of a file with many pages, so that it is not computed for each page.

    Raises
    ------
    ScanError
        The image cannot be read.
    """
    gray, mode = decode_image(data, file_format, name, settings, page)
    warning = extension_mismatch_warning(file_format, name) if series is None else None
    warnings = (warning,) if warning else ()
    return examine_scan(make_scan(gray, name, sha256 or sha256_hex(data), mode, series=series, warnings=warnings))


def _scan_from_array(array: NDArray[Any], name: str, settings: Settings) -> Scan:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ScanError(
            f"{name}: an array of shape {array.shape} is not an image. "
            "Use shape (height, width), (height, width, 3) or (height, width, 4)."
        )
    check_size(array.shape[1], array.shape[0], name, settings, array.dtype.itemsize > 1)
    content_hash = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return make_scan(array_to_gray(array, name), name, content_hash, "array")
