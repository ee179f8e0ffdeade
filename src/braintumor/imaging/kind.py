"""What a file is, by its first bytes and never by its name; and whether it is two things at once."""

import re
import struct
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
DICOM_SUFFIXES: Final = (".dcm", ".dicom", ".ima")
NIFTI_SUFFIXES: Final = (".nii", ".nii.gz")
ARCHIVE_SUFFIXES: Final = (".zip",)


class Kind(StrEnum):
    """What kind of file it is; `ARCHIVE` is any archive but ZIP."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"
    DICOM = "DICOM"
    NIFTI = "NIfTI"
    ZIP = "ZIP"
    ARCHIVE = "archive"
    UNKNOWN = "unknown"

    @property
    def is_picture(self) -> bool:
        """Whether Pillow reads it."""
        return self in _SUFFIXES


_SUFFIXES: Final = {
    Kind.JPEG: (".jpg", ".jpeg"), Kind.PNG: (".png",), Kind.TIFF: (".tif", ".tiff"), Kind.BMP: (".bmp",),
    Kind.WEBP: (".webp",),
}  # fmt: skip
_STARTS: Final = (
    (b"\xff\xd8\xff", Kind.JPEG), (b"\x89PNG\r\n\x1a\n", Kind.PNG), (b"II*\0", Kind.TIFF), (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF), (b"MM\0+", Kind.TIFF), (b"BM", Kind.BMP), (b"PK\3\4", Kind.ZIP), (b"PK\5\6", Kind.ZIP),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE), (b"Rar!\x1a\7", Kind.ARCHIVE), (b"BZh", Kind.ARCHIVE),
    (b"\xfd7zXZ\0", Kind.ARCHIVE), (b"\x28\xb5\x2f\xfd", Kind.ARCHIVE), (b"\x1f\x8b", Kind.ARCHIVE),
)  # fmt: skip
# What may lead a DICOM file that came without its preamble: the file meta group, or the first of the image's own.
_DICOM_GROUPS: Final = (0x0002, 0x0008)
_END_OF_ZIP: Final = b"PK\5\6"
# A ZIP's end record and the longest comment after it.
_TAIL: Final = 22 + 65_535


def kind_of(data: bytes, name: str) -> Kind:
    """What the content says it is. The name decides only where the content leaves it open."""
    for start, kind in _STARTS[:2]:  # nearly all files
        if data.startswith(start):
            return kind
    if data[128:132] == b"DICM":  # before the others: DICOM lets another format's header stand in its preamble
        return Kind.DICOM
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.WEBP
    if is_nifti(data) or (data.startswith(b"\x1f\x8b") and name.lower().endswith(".nii.gz")):
        return Kind.NIFTI
    for start, kind in _STARTS[2:]:
        if data.startswith(start):
            return kind
    if data[257:262] == b"ustar":
        return Kind.ARCHIVE
    return Kind.DICOM if _bare_dicom(data, name) else Kind.UNKNOWN


def is_nifti(data: bytes) -> bool:
    """Whether uncompressed content starts with a NIfTI-1 or NIfTI-2 header of a single file."""
    return data[344:348] == b"n+1\0" or data[4:12] == b"n+2\0\r\n\x1a\n"


def _bare_dicom(data: bytes, name: str) -> bool:
    if len(data) < 8:
        return False
    little, big = struct.unpack("<HH", data[:4]), struct.unpack(">HH", data[:4])
    plausible = any(group in _DICOM_GROUPS and element < 0x100 for group, element in (little, big))
    suffix = PurePosixPath(name).suffix.lower()
    explicit = re.fullmatch(rb"[A-Z]{2}", data[4:6]) is not None
    return plausible and (explicit or suffix in DICOM_SUFFIXES or not suffix or suffix[1:].isdigit())


def misnamed(kind: Kind, name: str) -> str | None:
    """A sentence where a picture's name promises another kind of file than it is; None where it does not."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _SUFFIXES[kind] or suffix not in (*PICTURE_SUFFIXES, ".gif", *DICOM_SUFFIXES, *ARCHIVE_SUFFIXES):
        return None
    return f"The file is named {suffix} but holds a {kind} image; it was read as what it holds."


def second_nature(data: bytes) -> str | None:
    """What else a picture is at once (`a ZIP archive`, `a DICOM file`, ...), as no honest export is; None if nothing.

    Such files are made to be taken for one thing by one reader and for another by the next.
    """
    if _ends_as_zip(data):
        return "a ZIP archive"
    if data[128:132] == b"DICM":
        return "a DICOM file"
    return "a PDF document" if b"%PDF-" in data[:1024] else None


def nature_of_preamble(data: bytes) -> str | None:
    """What else a DICOM file is, by the 128 bytes before it that are free for other uses; None if nothing."""
    preamble = data[:128]
    if preamble[:2] == b"MZ" or preamble[:4] == b"\x7fELF" or preamble[:2] == b"#!":
        return "a program"
    if b"%PDF-" in preamble:
        return "a PDF document"
    if preamble[:1] == b"<":
        return "a web page"
    # DICOM allows a TIFF header there on purpose: both readers then find the same picture.
    others = (kind for start, kind in _STARTS if preamble.startswith(start) and kind is not Kind.TIFF)
    if other := next(others, None):
        return "an archive" if other is Kind.ARCHIVE else f"a {other} file"
    return "a ZIP archive" if _ends_as_zip(data) else None


def _ends_as_zip(data: bytes) -> bool:
    """Whether an end record of a ZIP closes the file, its comment reaching exactly to the end."""
    at = data.rfind(_END_OF_ZIP, max(0, len(data) - _TAIL))
    return at >= 0 and len(data) - at >= 22 and at + 22 + int.from_bytes(data[at + 20 : at + 22], "little") == len(data)
