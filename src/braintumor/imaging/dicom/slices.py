"""DICOM files -> scans: facts first, so that files can be put in order, then frames one at a time."""

from collections.abc import Iterator
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.build import checked
from braintumor.imaging.decode import check_size
from braintumor.imaging.dicom.facts import Facts
from braintumor.imaging.dicom.fence import FENCE
from braintumor.imaging.dicom.grey import grey_of_frame
from braintumor.imaging.kind import nature_of_preamble
from braintumor.imaging.scan import Scan, SeriesPlace
from braintumor.imaging.source import digest
from braintumor.settings import Settings

_BURNED_IN: Final = {
    "yes": "The file says that text is burned into the picture. It may name the patient: look before you share it.",
    "maybe": "This is a captured screen: text in the picture may name the patient. Look before you share it.",
}
_NOT_MR: Final = "The file says that it is not an MR image. The model has learned from MR slices alone."


def read_facts(data: bytes, sha256: str, name: str, settings: Settings) -> Facts:
    """What may be known of a DICOM file, within the limits.

    Raises
    ------
    ScanError
        It is damaged, holds no image, is two kinds of file at once, or is over a limit.
    """
    if data[128:132] == b"DICM" and (other := nature_of_preamble(data)):
        raise ScanError(f"{name}: the file is an image and {other} at once. Export the slice again from its source.")
    facts = FENCE.facts(data, sha256, name, settings)
    check_size(facts.columns, facts.rows, name, settings, is_deep=True)
    if len(facts.frames) > settings.max_frames:
        raise ScanError(
            f"{name}: it holds more than the {settings.max_frames:,} frames allowed. Export the series in parts."
        )
    return facts


def read_frame(
    data: bytes, sha256: str, facts: Facts, index: int, name: str, settings: Settings, series: SeriesPlace | None = None
) -> Scan:
    """One frame of a DICOM file as a scan.

    Raises
    ------
    ScanError
        It cannot be decoded, or is all one colour.
    """
    frame = facts.frames[index]
    stored = FENCE.frame(data, sha256, index, name, settings)
    grey = grey_of_frame(stored, facts, frame, name)
    mode = "RGB" if facts.colour else "L" if grey.raw is None else "I;16"
    return checked(grey, name, sha256, mode, series, frame.spacing, tuple(_warnings(facts)), facts.modality)


def read_single(data: bytes, name: str, settings: Settings) -> Scan:
    """A DICOM file of one frame as a scan.

    Raises
    ------
    ScanError
        It cannot be read, or holds several frames.
    """
    sha256 = digest(data)
    facts = read_facts(data, sha256, name, settings)
    if len(facts.frames) > 1:
        raise ScanError(f"{name}: it holds several frames where one slice is wanted. Export one slice as one image.")
    return read_frame(data, sha256, facts, 0, name, settings)


def _warnings(facts: Facts) -> Iterator[str]:
    if facts.burned_in in _BURNED_IN:
        yield _BURNED_IN[facts.burned_in]
    if facts.modality == "OT":
        yield _NOT_MR
