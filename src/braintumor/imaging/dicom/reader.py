"""DICOM files as scans: metadata first, so that files can be sorted, then one frame at a time."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import SkipReason
from braintumor.errors import ScanError
from braintumor.imaging.dicom.metadata import DicomMetadata, FrameMetadata
from braintumor.imaging.dicom.sandbox import SANDBOX
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.file_format import detect_preamble_polyglot
from braintumor.imaging.hanging import hang, place_slice, resample_square, square_size
from braintumor.imaging.raster import check_size
from braintumor.imaging.scan import Scan, SeriesPosition, make_scan
from braintumor.imaging.windowing import (
    GrayImage,
    apply_rescale,
    check_finite,
    describe_useless_window,
    fill_padding,
    find_padding,
    mask_padding_range,
    percentile_window,
    rescale_to_unit,
    window_edges,
    window_values,
)
from braintumor.settings import Settings

_BURNED_IN_WARNINGS: Final = {
    "yes": "According to the file, text is burned into the image. It may name the patient: check before sharing it.",
    "maybe": "This is a screen capture. Text in the image may name the patient: check before sharing it.",
}
_NOT_MR_WARNING: Final = "According to the file, this is not an MR image. The model was trained on MR slices only."
_USELESS_WINDOW_WARNING: Final = "The file's window leaves the picture {}, so its values were windowed by percentiles."


def read_metadata(data: bytes, sha256: str, name: str, settings: Settings) -> DicomMetadata:
    """Read the metadata of a DICOM file and check its limits.

    Raises
    ------
    ScanError
        The file is damaged, contains no image, is a polyglot, or exceeds a limit.
    """
    if data[128:132] == b"DICM" and (other := detect_preamble_polyglot(data)):
        raise ScanError(f"{name}: the file is both an image and {other}. Export the slice again from its source.")
    metadata = SANDBOX.read_metadata(data, sha256, name, settings)
    _check_sizes(metadata, name, settings)
    if len(metadata.frames) > settings.max_frames:
        raise ScanError(
            f"{name}: the file has more than the {settings.max_frames:,} frames allowed. Export the series in parts."
        )
    return metadata


def read_frame(
    data: bytes,
    sha256: str,
    metadata: DicomMetadata,
    index: int,
    name: str,
    settings: Settings,
    series: SeriesPosition | None = None,
) -> Scan:
    """Read one frame of a DICOM file, hung by the patient's orientation and resampled to square pixels.

    Raises
    ------
    ScanError
        The frame cannot be decoded, or all its pixels have the same value.
    """
    frame = metadata.frames[index]
    stored = SANDBOX.read_pixels(data, sha256, index, name, settings)
    placement = place_slice(
        frame.orientation, frame.cosines, stored.shape[:2], _pixel_shape(frame), frame.first_pixel, metadata.frame_key
    )
    stored, shape = hang(stored, frame.orientation, _pixel_shape(frame))
    gray, shape = _resample_gray(window_dicom_frame(stored, metadata, frame, name), shape)
    mode = "RGB" if metadata.is_color else "L" if gray.raw is None else "I;16"
    spacing = shape if frame.spacing else None
    warnings = tuple(_iter_warnings(metadata))
    scan = make_scan(gray, name, sha256, mode, series, spacing, warnings, metadata.modality)
    is_capture = metadata.burned_in == "maybe" or metadata.role == SkipReason.SCREENSHOT
    if scan.raw is not None and not metadata.is_inverted:
        scan = replace(scan, unit=metadata.unit)
    if not (frame.orientation or is_capture):
        return scan
    return replace(scan, is_oriented=bool(frame.orientation), is_screen_capture=is_capture, placement=placement)


def window_dicom_frame(stored: NDArray[Any], metadata: DicomMetadata, frame: FrameMetadata, name: str) -> GrayImage:
    """Convert the stored values of a DICOM frame to greyscale.

    8-bit values without rescale or window stay as they are. All others are rescaled (PS3.3 C.11.1) and windowed
    (C.11.2.1.2; a sigmoid is approximated by its linear window) by the first window that leaves the picture neither
    dark nor bright nor flat, or else by percentiles. Padding takes no part in it and is black. MONOCHROME1 is inverted
    within its own range, so that higher is brighter in `raw` too.

    Raises
    ------
    ScanError
        Some values are not finite.
    """
    is_rescaled = (frame.slope, frame.intercept) != (1.0, 0.0)
    padding = mask_padding_range(stored, metadata.padding) if metadata.padding and not metadata.is_color else None
    is_plain = metadata.bits == 8 and not is_rescaled and not frame.windows and padding is None
    if stored.dtype == np.uint8 and (is_plain or metadata.is_color):
        return GrayImage(np.uint8(255) - stored if metadata.is_inverted else np.array(stored))
    values = stored.astype(np.float32)
    if is_rescaled:
        with np.errstate(over="ignore"):  # an overflow becomes infinity, which is rejected below
            values = apply_rescale(values, frame.slope, frame.intercept).astype(np.float32)
    if padding is None:
        padding = find_padding(values)
    if padding is not None:
        values = fill_padding(values, padding, metadata.is_inverted)
    check_finite(values, name)
    total = float(values.min()) + float(values.max())
    if metadata.is_inverted:
        values = np.float32(total) - values
    measured = values if padding is None else values[~padding]
    file_windows = tuple(each.inverted(total) if metadata.is_inverted else each for each in frame.windows)
    edges: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()
    for window in file_windows:
        black, white = window_edges(window.center, window.width)
        problem = describe_useless_window(measured, black, white)
        if problem is None:
            edges, warnings = (black, white), ()
            break
        warnings = warnings or (_USELESS_WINDOW_WARNING.format(problem),)
    gray = window_values(values, edges or percentile_window(measured), padding)
    return replace(gray, has_file_window=edges is not None, warnings=warnings, file_windows=file_windows)


def read_single_frame(data: bytes, name: str, settings: Settings) -> Scan:
    """Read a DICOM file with one frame.

    Raises
    ------
    ScanError
        The file cannot be read, or has several frames.
    """
    sha256 = sha256_hex(data)
    metadata = read_metadata(data, sha256, name, settings)
    if len(metadata.frames) > 1:
        raise ScanError(
            f"{name}: the file has several frames, but a single slice is expected. Export one slice as one image."
        )
    return read_frame(data, sha256, metadata, 0, name, settings)


def _pixel_shape(frame: FrameMetadata) -> tuple[float, float] | None:
    """Return height and width of a pixel: in mm, or else in any unit."""
    return frame.spacing or frame.aspect_ratio


def _resample_gray(gray: GrayImage, shape: tuple[float, float] | None) -> tuple[GrayImage, tuple[float, float] | None]:
    """Resample values, and values before windowing, to square pixels."""
    if shape is None:
        return gray, None
    if gray.raw is None or gray.window is None:
        values, square = resample_square(gray.values, shape)
        return (gray if values is gray.values else replace(gray, values=values)), square
    raw, square = resample_square(gray.raw, shape)
    if raw is gray.raw:
        return gray, square
    raw.setflags(write=False)
    return replace(gray, values=rescale_to_unit(raw, *window_edges(*gray.window)), raw=raw), square


def _check_sizes(metadata: DicomMetadata, name: str, settings: Settings) -> None:
    """Check the size of frames as stored, of frames with square pixels, and of a whole mosaic."""
    rows, columns = metadata.rows, metadata.columns
    shapes = {_pixel_shape(frame) for frame in metadata.frames} - {None}
    sizes = {(columns, rows), *(square_size(rows, columns, shape) for shape in shapes if shape)}
    if metadata.mosaic_count:
        side = math.ceil(math.sqrt(metadata.mosaic_count))
        sizes.add((columns * side, rows * side))
    for width, height in sorted(sizes):
        check_size(width, height, name, settings, is_high_bit_depth=True)


def _iter_warnings(metadata: DicomMetadata) -> Iterator[str]:
    if metadata.assumed_attributes:
        names = ", ".join(metadata.assumed_attributes)
        yield f"The file does not state {names}. The usual value was assumed, so check that the picture looks right."
    if metadata.burned_in in _BURNED_IN_WARNINGS:
        yield _BURNED_IN_WARNINGS[metadata.burned_in]
    if metadata.modality == "OT":
        yield _NOT_MR_WARNING
