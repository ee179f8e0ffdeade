"""Names of the formats that are not read, and what to do with such a file."""

import re
from typing import Final, NamedTuple

from braintumor.imaging.file_format import FORMAT_NAMES, FileFormat, is_pair_header

_EXPORT_SLICES: Final = "Export the slices as DICOM, JPEG or PNG."
_CONVERT_VOLUME: Final = "Convert it to NIfTI (.nii.gz)."
_UNPACK: Final = "Unpack it or use a ZIP file."
_VIDEO_ADVICE: Final = "Export single slices from it as JPEG or PNG."
# Bytes in which the text of a web page, drawing or header is recognized.
_TEXT_BYTES: Final = 1024


class _Unsupported(NamedTuple):
    """A format that is not read: its name with article, and what to do."""

    name: str
    advice: str


# Last words of the names of pictures and volumes; scientific data in HDF5 and NetCDF files is rarely a scan.
_SCAN_NOUNS: Final = ("picture", "volume", "PAR header")

_HEIC: Final = _Unsupported("a HEIC picture (from a phone)", "Save it as JPEG, or better, export the slice.")
_VIDEO: Final = _Unsupported("a video", _VIDEO_ADVICE)
_PDF: Final = _Unsupported("a PDF document", "Export the slices in it as JPEG or PNG.")
_OFFICE: Final = _Unsupported("a document of an office program", "Save the pictures in it as JPEG or PNG.")
_MINC: Final = _Unsupported("a MINC volume or another scientific data file", _CONVERT_VOLUME)

_BY_SIGNATURE: Final = (
    (b"%PDF-", _PDF),
    (b"Rar!\x1a\7", _Unsupported("a RAR archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", _Unsupported("a 7z archive", _UNPACK)),
    (b"BZh", _Unsupported("a file compressed with bzip2", _UNPACK)),
    (b"\xfd7zXZ\0", _Unsupported("a file compressed with xz", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", _Unsupported("a file compressed with Zstandard", _UNPACK)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (b"{\\rtf", _OFFICE),
    (b"NRRD000", _Unsupported("an NRRD volume", _CONVERT_VOLUME)),
    (b"\x89HDF\r\n\x1a\n", _MINC),
    (b"CDF\1", _MINC),
    (b"CDF\2", _MINC),
    (b"\xff\x0a", _Unsupported("a JPEG XL picture", "Save it as JPEG or PNG.")),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _Unsupported("a JPEG XL picture", "Save it as JPEG or PNG.")),
    (b"8BPS", _Unsupported("a Photoshop document", "Save it as JPEG or PNG.")),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"\0\0\1\xba", _VIDEO),
    (b"\0\0\1\xb3", _VIDEO),
    (b"FLV\1", _VIDEO),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _VIDEO),
    (b"MZ", _Unsupported("a program", _EXPORT_SLICES)),
    (b"\x7fELF", _Unsupported("a program", _EXPORT_SLICES)),
)
# Main brands of ISO media files with pictures; all others are films.
_HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf")
_FILM_BOXES: Final = (b"moov", b"mdat", b"wide", b"free")
_TEXT_FORMATS: Final = (
    (re.compile(rb"<svg[\s>]", re.IGNORECASE), _Unsupported("an SVG drawing", "Export it as PNG.")),
    (re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE), _Unsupported("a web page", _EXPORT_SLICES)),
    (
        re.compile(rb"^(ObjectType|NDims|BinaryData|ElementType)\s*=", re.MULTILINE),
        _Unsupported("a MetaImage volume (.mha or .mhd)", _CONVERT_VOLUME),
    ),
    (
        re.compile(rb"=== DATA DESCRIPTION FILE ===|Dataset name\s*:"),
        _Unsupported("a Philips PAR header", "Convert the PAR and REC files to NIfTI or export DICOM."),
    ),
)
_OFFICE_SUFFIXES: Final = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")
_BY_SUFFIX: Final = {
    (".mgz", ".mgh"): _Unsupported("a FreeSurfer volume", "Convert it to NIfTI, for example with mri_convert."),
    (".mnc", ".mnc2"): _MINC,
    (".nrrd", ".nhdr"): _Unsupported("an NRRD volume", _CONVERT_VOLUME),
    (".mha", ".mhd"): _Unsupported("a MetaImage volume (.mha or .mhd)", _CONVERT_VOLUME),
    _OFFICE_SUFFIXES: _OFFICE,
}


def unsupported_format_message(file_format: FileFormat, data: bytes, name: str) -> str:
    """Return the error message for a file that is not read, or not as a single image."""
    if file_format in (FileFormat.ZIP, FileFormat.NIFTI) or is_pair_header(data, name):
        return f"{name}: the file has many slices, but a single slice is expected. Export one slice as one image."
    if unsupported := _identify(data, name):
        return f"{name}: this is {unsupported.name}, which is not supported. {unsupported.advice}"
    if file_format is FileFormat.ARCHIVE:
        return f"{name}: this archive format is not supported. {_UNPACK}"
    formats = f"{', '.join(FORMAT_NAMES[:-1])} or {FORMAT_NAMES[-1]}"
    return f"{name}: this is not a {formats} file, regardless of its name. Export the slice as JPEG or PNG."


def is_unsupported_scan(data: bytes, name: str) -> bool:
    """Whether a file that is not read is a picture or a volume, by its first bytes and its name."""
    unsupported = _identify(data, name)
    return unsupported is not None and unsupported.name.partition(" (")[0].endswith(_SCAN_NOUNS)


def office_document_message(name: str) -> str:
    """Return the error message for a document of an office program, which is a ZIP archive inside."""
    return f"{name}: this is {_OFFICE.name}, which is not supported. {_OFFICE.advice}"


def is_office_document(member_names: list[str]) -> bool:
    """Whether the names of an archive's members are those of an office document."""
    if "[Content_Types].xml" in member_names:
        return any(name.startswith(("word/", "xl/", "ppt/", "visio/")) for name in member_names)
    return member_names[:1] == ["mimetype"] and "META-INF/manifest.xml" in member_names


def _identify(data: bytes, name: str) -> _Unsupported | None:
    """Return what is known about a format that is not read; None if it is none of the list."""
    for signature, unsupported in _BY_SIGNATURE:
        if data.startswith(signature):
            return unsupported
    if data[4:8] == b"ftyp":
        return _HEIC if data[8:12] in _HEIC_BRANDS else _VIDEO
    if data[4:8] in _FILM_BOXES or (data[:4] == b"RIFF" and data[8:12] == b"AVI "):
        return _VIDEO
    start = data[:_TEXT_BYTES]
    if b"%PDF-" in start:
        return _PDF
    for pattern, unsupported in _TEXT_FORMATS:
        if pattern.search(start):
            return unsupported
    lower = name.lower()
    return next((unsupported for suffixes, unsupported in _BY_SUFFIX.items() if lower.endswith(suffixes)), None)
