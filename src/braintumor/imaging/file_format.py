"""What a file is, by its first bytes and never by its name; and whether it is two things at once."""

import re
import struct
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
DICOM_SUFFIXES: Final = (".dcm", ".dicom", ".ima")
NIFTI_SUFFIXES: Final = (".nii", ".nii.gz")
ARCHIVE_SUFFIXES: Final = (".zip",)


class FileFormat(StrEnum):
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
    def is_image(self) -> bool:
        """Whether Pillow reads it."""
        return self in _SUFFIXES_BY_FORMAT


_SUFFIXES_BY_FORMAT: Final = {
    FileFormat.JPEG: (".jpg", ".jpeg"), FileFormat.PNG: (".png",), FileFormat.TIFF: (".tif", ".tiff"), FileFormat.BMP: (".bmp",),
    FileFormat.WEBP: (".webp",),
}  # fmt: skip
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", FileFormat.JPEG), (b"\x89PNG\r\n\x1a\n", FileFormat.PNG), (b"II*\0", FileFormat.TIFF), (b"MM\0*", FileFormat.TIFF),
    (b"II+\0", FileFormat.TIFF), (b"MM\0+", FileFormat.TIFF), (b"BM", FileFormat.BMP), (b"PK\3\4", FileFormat.ZIP), (b"PK\5\6", FileFormat.ZIP),
    (b"7z\xbc\xaf\x27\x1c", FileFormat.ARCHIVE), (b"Rar!\x1a\7", FileFormat.ARCHIVE), (b"BZh", FileFormat.ARCHIVE),
    (b"\xfd7zXZ\0", FileFormat.ARCHIVE), (b"\x28\xb5\x2f\xfd", FileFormat.ARCHIVE), (b"\x1f\x8b", FileFormat.ARCHIVE),
)  # fmt: skip
# What may lead a DICOM file that came without its preamble: the file meta group, or the first of the image's own.
_DICOM_GROUPS: Final = (0x0002, 0x0008)
_ZIP_END_SIGNATURE: Final = b"PK\5\6"
# A ZIP's end record and the longest comment after it.
_ZIP_TAIL_BYTES: Final = 22 + 65_535


def detect_format(data: bytes, name: str) -> FileFormat:
    """What the content says it is. The name decides only where the content leaves it open."""
    for start, kind in _SIGNATURES[:2]:  # nearly all files
        if data.startswith(start):
            return kind
    if data[128:132] == b"DICM":  # before the others: DICOM lets another format's header stand in its preamble
        return FileFormat.DICOM
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return FileFormat.WEBP
    if is_nifti(data) or (data.startswith(b"\x1f\x8b") and name.lower().endswith(".nii.gz")):
        return FileFormat.NIFTI
    for start, kind in _SIGNATURES[2:]:
        if data.startswith(start):
            return kind
    if data[257:262] == b"ustar":
        return FileFormat.ARCHIVE
    return FileFormat.DICOM if _is_dicom_without_preamble(data, name) else FileFormat.UNKNOWN


def is_nifti(data: bytes) -> bool:
    """Whether uncompressed content starts with a NIfTI-1 or NIfTI-2 header of a single file."""
    return data[344:348] == b"n+1\0" or data[4:12] == b"n+2\0\r\n\x1a\n"


def _is_dicom_without_preamble(data: bytes, name: str) -> bool:
    if len(data) < 8:
        return False
    little, big = struct.unpack("<HH", data[:4]), struct.unpack(">HH", data[:4])
    plausible = any(group in _DICOM_GROUPS and element < 0x100 for group, element in (little, big))
    suffix = PurePosixPath(name).suffix.lower()
    explicit = re.fullmatch(rb"[A-Z]{2}", data[4:6]) is not None
    return plausible and (explicit or suffix in DICOM_SUFFIXES or not suffix or suffix[1:].isdigit())


def extension_mismatch_warning(file_format: FileFormat, name: str) -> str | None:
    """A sentence where a picture's name promises another kind of file than it is; None where it does not."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _SUFFIXES_BY_FORMAT[file_format] or suffix not in (
        *IMAGE_SUFFIXES,
        ".gif",
        *DICOM_SUFFIXES,
        *ARCHIVE_SUFFIXES,
    ):
        return None
    return f"The file is named {suffix} but holds a {file_format} image; it was read as what it holds."


def detect_polyglot(data: bytes) -> str | None:
    """What else a picture is at once (`a ZIP archive`, `a DICOM file`, ...), as no honest export is; None if nothing.

    Such files are made to be taken for one thing by one reader and for another by the next.
    """
    if _ends_as_zip(data):
        return "a ZIP archive"
    if data[128:132] == b"DICM":
        return "a DICOM file"
    return "a PDF document" if b"%PDF-" in data[:1024] else None


def detect_preamble_polyglot(data: bytes) -> str | None:
    """What else a DICOM file is, by the 128 bytes before it that are free for other uses; None if nothing."""
    preamble = data[:128]
    if preamble[:2] == b"MZ" or preamble[:4] == b"\x7fELF" or preamble[:2] == b"#!":
        return "a program"
    if b"%PDF-" in preamble:
        return "a PDF document"
    if preamble[:1] == b"<":
        return "a web page"
    # DICOM allows a TIFF header there on purpose: both readers then find the same picture.
    others = (kind for start, kind in _SIGNATURES if preamble.startswith(start) and kind is not FileFormat.TIFF)
    if other := next(others, None):
        return "an archive" if other is FileFormat.ARCHIVE else f"a {other} file"
    return "a ZIP archive" if _ends_as_zip(data) else None


def _ends_as_zip(data: bytes) -> bool:
    """Whether an end record of a ZIP closes the file, its comment reaching exactly to the end."""
    at = data.rfind(_ZIP_END_SIGNATURE, max(0, len(data) - _ZIP_TAIL_BYTES))
    return at >= 0 and len(data) - at >= 22 and at + 22 + int.from_bytes(data[at + 20 : at + 22], "little") == len(data)
