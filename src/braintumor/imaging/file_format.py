"""File format detection from content, and detection of polyglot files."""

import re
import struct
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from braintumor.imaging.containers.gzip_content import GZIP_SIGNATURE, peek_gzip

# First bytes of a file that suffice to detect its format.
SIGNATURE_BYTES: Final = 1024


class FileFormat(StrEnum):
    """Supported formats and unsupported archives; `ARCHIVE` is any archive format other than ZIP."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"
    GIF = "GIF"
    AVIF = "AVIF"
    JPEG_2000 = "JPEG 2000"
    DICOM = "DICOM"
    NIFTI = "NIfTI"
    ZIP = "ZIP"
    ARCHIVE = "archive"
    UNKNOWN = "unknown"

    @property
    def is_image(self) -> bool:
        """Whether Pillow reads the format."""
        return self in _SUFFIXES_BY_FORMAT


# Suffixes of the formats that Pillow reads.
_SUFFIXES_BY_FORMAT: Final = {
    FileFormat.JPEG: (".jpg", ".jpeg"), FileFormat.PNG: (".png",), FileFormat.TIFF: (".tif", ".tiff"),
    FileFormat.BMP: (".bmp",), FileFormat.WEBP: (".webp",), FileFormat.GIF: (".gif",), FileFormat.AVIF: (".avif",),
    FileFormat.JPEG_2000: (".jp2", ".j2k", ".jpx", ".j2c", ".jpc"),
}  # fmt: skip
IMAGE_SUFFIXES: Final = tuple(suffix for suffixes in _SUFFIXES_BY_FORMAT.values() for suffix in suffixes)
DICOM_SUFFIXES: Final = (".dcm", ".dicom", ".ima")
NIFTI_SUFFIXES: Final = (".nii", ".nii.gz")
# Halves of a NIfTI or Analyze volume: the header and the voxels.
PAIR_HEADER_SUFFIXES: Final = (".hdr", ".hdr.gz")
PAIR_IMAGE_SUFFIXES: Final = (".img", ".img.gz")
PAIR_SUFFIXES: Final = (*PAIR_HEADER_SUFFIXES, *PAIR_IMAGE_SUFFIXES)
ARCHIVE_SUFFIXES: Final = (".zip",)
# Everything in such a file belongs to it alone; several files with other names can be parts of one series or volume.
SELF_CONTAINED_SUFFIXES: Final = (*IMAGE_SUFFIXES, *NIFTI_SUFFIXES, *ARCHIVE_SUFFIXES)
SCAN_SUFFIXES: Final = (*IMAGE_SUFFIXES, *DICOM_SUFFIXES, *NIFTI_SUFFIXES, *PAIR_SUFFIXES, *ARCHIVE_SUFFIXES)
# All supported formats, for sentences such as `Upload JPEG, PNG or ZIP files`.
FORMAT_NAMES: Final = (*map(str, _SUFFIXES_BY_FORMAT), "DICOM", "NIfTI", "ZIP")
# Suffixes that contradict an image's content if they are not its own.
_CHECKED_SUFFIXES: Final = (*IMAGE_SUFFIXES, *DICOM_SUFFIXES, *ARCHIVE_SUFFIXES)
_JPEG_SIGNATURE: Final = b"\xff\xd8\xff"
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SIGNATURES: Final = {
    _JPEG_SIGNATURE: FileFormat.JPEG, _PNG_SIGNATURE: FileFormat.PNG,
    b"II*\0": FileFormat.TIFF, b"MM\0*": FileFormat.TIFF, b"II+\0": FileFormat.TIFF, b"MM\0+": FileFormat.TIFF,
    b"BM": FileFormat.BMP, b"GIF87a": FileFormat.GIF, b"GIF89a": FileFormat.GIF,
    b"\0\0\0\x0cjP  \r\n\x87\n": FileFormat.JPEG_2000, b"\xff\x4f\xff\x51": FileFormat.JPEG_2000,
    b"PK\3\4": FileFormat.ZIP, b"PK\5\6": FileFormat.ZIP,
    b"7z\xbc\xaf\x27\x1c": FileFormat.ARCHIVE, b"Rar!\x1a\7": FileFormat.ARCHIVE, b"BZh": FileFormat.ARCHIVE,
    b"\xfd7zXZ\0": FileFormat.ARCHIVE, b"\x28\xb5\x2f\xfd": FileFormat.ARCHIVE, GZIP_SIGNATURE: FileFormat.ARCHIVE,
}  # fmt: skip
# First groups of a DICOM file without preamble: file meta information, or the data set itself.
_DICOM_GROUPS: Final = (0x0002, 0x0008)
_ANALYZE_HEADER_BYTES: Final = 348
_ZIP_END_SIGNATURE: Final = b"PK\5\6"
_ZIP_END_BYTES: Final = 22
_MAX_ZIP_COMMENT_BYTES: Final = 65_535


def detect_format(data: bytes, name: str) -> FileFormat:
    """Detect the format of a file from its content; the name is used only where the content is ambiguous."""
    if data.startswith(_JPEG_SIGNATURE):  # nearly all files are JPEG or PNG
        return FileFormat.JPEG
    if data.startswith(_PNG_SIGNATURE):
        return FileFormat.PNG
    if data[128:132] == b"DICM":  # before other signatures, because a DICOM preamble may contain one
        return FileFormat.DICOM
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return FileFormat.WEBP
    if data[4:8] == b"ftyp" and _has_avif_brand(data):
        return FileFormat.AVIF
    if is_nifti(data) or (data.startswith(GZIP_SIGNATURE) and _is_gzipped_nifti(data, name)):
        return FileFormat.NIFTI
    for signature, file_format in _SIGNATURES.items():
        if data.startswith(signature):
            return file_format
    if data[257:262] == b"ustar":
        return FileFormat.ARCHIVE
    return FileFormat.DICOM if _is_dicom_without_preamble(data, name) else FileFormat.UNKNOWN


def is_nifti(data: bytes) -> bool:
    """Whether uncompressed content starts with the header of a single-file NIfTI-1 or NIfTI-2 volume."""
    return data[344:348] == b"n+1\0" or data[4:12] == b"n+2\0\r\n\x1a\n"


def is_pair_header(data: bytes, name: str) -> bool:
    """Whether uncompressed content is the header of a pair: NIfTI by its content, Analyze 7.5 also by its name."""
    if data[344:348] == b"ni1\0" or data[4:12] == b"ni2\0\r\n\x1a\n":
        return True
    is_analyze = data[:4] in (b"\x5c\1\0\0", b"\0\0\1\x5c") and len(data) >= _ANALYZE_HEADER_BYTES
    return is_analyze and name.lower().endswith(PAIR_HEADER_SUFFIXES) and not is_nifti(data)


def is_volume(start: bytes, name: str) -> bool:
    """Whether a file is a NIfTI volume or the voxels of a pair, by its first bytes; a pair's voxels by their name."""
    if start.startswith(GZIP_SIGNATURE) and _is_gzipped_nifti(start, name):
        return True
    return is_nifti(start) or name.lower().endswith(PAIR_IMAGE_SUFFIXES)


def _is_gzipped_nifti(data: bytes, name: str) -> bool:
    return name.lower().endswith(".nii.gz") or is_nifti(peek_gzip(data, _ANALYZE_HEADER_BYTES))


def _has_avif_brand(data: bytes) -> bool:
    """Whether an ISO media file lists the brand of AVIF, as its main brand or a compatible one."""
    brands = data[8 : min(int.from_bytes(data[:4], "big"), SIGNATURE_BYTES)]
    return any(brands[start : start + 4] in (b"avif", b"avis") for start in range(0, len(brands), 4))


def _is_dicom_without_preamble(data: bytes, name: str) -> bool:
    if len(data) < 8:
        return False
    little, big = struct.unpack("<HH", data[:4]), struct.unpack(">HH", data[:4])
    is_plausible = any(group in _DICOM_GROUPS and element < 0x100 for group, element in (little, big))
    suffix = PurePosixPath(name).suffix.lower()
    has_explicit_vr = re.fullmatch(rb"[A-Z]{2}", data[4:6]) is not None
    return is_plausible and (has_explicit_vr or suffix in DICOM_SUFFIXES or not suffix or suffix[1:].isdigit())


def extension_mismatch_warning(file_format: FileFormat, name: str) -> str | None:
    """Return a warning if the suffix of an image file belongs to a different format; None otherwise."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _SUFFIXES_BY_FORMAT[file_format] or suffix not in _CHECKED_SUFFIXES:
        return None
    return f"The file is named {suffix} but contains a {file_format} image; it was read as {file_format}."


def detect_polyglot(data: bytes) -> str | None:
    """Return the second format of an image file that is also valid in it, such as `a ZIP archive`; None otherwise.

    Polyglot files are crafted so that two programs read the same file as different things. No scanner exports them.
    """
    if _ends_as_zip(data):
        return "a ZIP archive"
    if data[128:132] == b"DICM":
        return "a DICOM file"
    return "a PDF document" if b"%PDF-" in data[:1024] else None


def detect_preamble_polyglot(data: bytes) -> str | None:
    """Return the second format of a DICOM file, as declared by its 128-byte preamble or its end; None otherwise."""
    preamble = data[:128]
    if preamble[:2] == b"MZ" or preamble[:4] == b"\x7fELF" or preamble[:2] == b"#!":
        return "a program"
    if b"%PDF-" in preamble:
        return "a PDF document"
    if preamble[:1] == b"<":
        return "a web page"
    # The standard allows a TIFF header in the preamble, for files that both kinds of reader show alike.
    formats = (file_format for signature, file_format in _SIGNATURES.items() if preamble.startswith(signature))
    other = next((file_format for file_format in formats if file_format is not FileFormat.TIFF), None)
    if other is not None:
        return "an archive" if other is FileFormat.ARCHIVE else f"a {other} file"
    return "a ZIP archive" if _ends_as_zip(data) else None


def _ends_as_zip(data: bytes) -> bool:
    """Whether the file ends with the end record of a ZIP, whose comment reaches exactly to the end."""
    tail_bytes = _ZIP_END_BYTES + _MAX_ZIP_COMMENT_BYTES
    start = data.rfind(_ZIP_END_SIGNATURE, max(0, len(data) - tail_bytes))
    if start < 0 or len(data) - start < _ZIP_END_BYTES:
        return False
    comment_bytes = int.from_bytes(data[start + 20 : start + 22], "little")
    return start + _ZIP_END_BYTES + comment_bytes == len(data)
