"""DICOM files as scans: metadata first, so that files can be sorted, then one frame at a time."""

from collections.abc import Iterator
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.dicom.metadata import DicomMetadata
from braintumor.imaging.dicom.sandbox import SANDBOX
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.file_format import detect_preamble_polyglot
from braintumor.imaging.raster import check_size
from braintumor.imaging.scan import Scan, SeriesPosition, make_scan
from braintumor.imaging.windowing import window_dicom_frame
from braintumor.settings import Settings

_BURNED_IN_WARNINGS: Final = {
    "yes": "According to the file, text is burned into the image. It may name the patient: check before sharing it.",
    "maybe": "This is a screen capture. Text in the image may name the patient: check before sharing it.",
}
_NOT_MR_WARNING: Final = "According to the file, this is not an MR image. The model was trained on MR slices only."


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
    check_size(metadata.columns, metadata.rows, name, settings, is_high_bit_depth=True)
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
    """Read one frame of a DICOM file.

    Raises
    ------
    ScanError
        The frame cannot be decoded, or all its pixels have the same value.
    """
    frame = metadata.frames[index]
    stored = SANDBOX.read_pixels(data, sha256, index, name, settings)
    gray = window_dicom_frame(stored, metadata, frame, name)
    mode = "RGB" if metadata.is_color else "L" if gray.raw is None else "I;16"
    warnings = tuple(_iter_warnings(metadata))
    return make_scan(gray, name, sha256, mode, series, frame.spacing, warnings, metadata.modality)


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


def _iter_warnings(metadata: DicomMetadata) -> Iterator[str]:
    if metadata.burned_in in _BURNED_IN_WARNINGS:
        yield _BURNED_IN_WARNINGS[metadata.burned_in]
    if metadata.modality == "OT":
        yield _NOT_MR_WARNING
