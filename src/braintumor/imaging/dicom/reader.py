"""DICOM files -> scans: facts first, so that files can be put in order, then frames one at a time."""

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
    "yes": "The file says that text is burned into the picture. It may name the patient: look before you share it.",
    "maybe": "This is a captured screen: text in the picture may name the patient. Look before you share it.",
}
_NOT_MR_WARNING: Final = "The file says that it is not an MR image. The model has learned from MR slices alone."


def read_metadata(data: bytes, sha256: str, name: str, settings: Settings) -> DicomMetadata:
    """What may be known of a DICOM file, within the limits.

    Raises
    ------
    ScanError
        It is damaged, holds no image, is two kinds of file at once, or is over a limit.
    """
    if data[128:132] == b"DICM" and (other := detect_preamble_polyglot(data)):
        raise ScanError(f"{name}: the file is an image and {other} at once. Export the slice again from its source.")
    facts = SANDBOX.read_metadata(data, sha256, name, settings)
    check_size(facts.columns, facts.rows, name, settings, is_high_bit_depth=True)
    if len(facts.frames) > settings.max_frames:
        raise ScanError(
            f"{name}: it holds more than the {settings.max_frames:,} frames allowed. Export the series in parts."
        )
    return facts


def read_frame(
    data: bytes,
    sha256: str,
    metadata: DicomMetadata,
    index: int,
    name: str,
    settings: Settings,
    series: SeriesPosition | None = None,
) -> Scan:
    """One frame of a DICOM file as a scan.

    Raises
    ------
    ScanError
        It cannot be decoded, or is all one colour.
    """
    frame = metadata.frames[index]
    stored = SANDBOX.read_pixels(data, sha256, index, name, settings)
    grey = window_dicom_frame(stored, metadata, frame, name)
    mode = "RGB" if metadata.colour else "L" if grey.raw is None else "I;16"
    return make_scan(
        grey, name, sha256, mode, series, frame.spacing, tuple(_iter_warnings(metadata)), metadata.modality
    )


def read_single_frame(data: bytes, name: str, settings: Settings) -> Scan:
    """A DICOM file of one frame as a scan.

    Raises
    ------
    ScanError
        It cannot be read, or holds several frames.
    """
    sha256 = sha256_hex(data)
    facts = read_metadata(data, sha256, name, settings)
    if len(facts.frames) > 1:
        raise ScanError(f"{name}: it holds several frames where one slice is wanted. Export one slice as one image.")
    return read_frame(data, sha256, facts, 0, name, settings)


def _iter_warnings(metadata: DicomMetadata) -> Iterator[str]:
    if metadata.burned_in in _BURNED_IN_WARNINGS:
        yield _BURNED_IN_WARNINGS[metadata.burned_in]
    if metadata.modality == "OT":
        yield _NOT_MR_WARNING
