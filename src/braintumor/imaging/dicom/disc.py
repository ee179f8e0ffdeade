"""Files of a hospital disc that are no scans: its viewer, documents, and the pictures that belong to the viewer.

The content decides first, the name second. Files are skipped only in a folder, archive or upload that contains a
study: without DICOM files and volumes there is no viewer, and each file is read or reported.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from typing import Final, Self

from braintumor.imaging.containers.unsupported import is_unsupported_scan
from braintumor.imaging.file_format import SCAN_SUFFIXES, SIGNATURE_BYTES, FileFormat, detect_format

_DICOMDIR: Final = "DICOMDIR"

_PROGRAM_SIGNATURES: Final = (
    b"MZ", b"\x7fELF", b"#!", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"\0asm", b"\0\0\1\0", b"\0\0\2\0", b"MSCF", b"ITSF", b"L\0\0\0\1\x14\2\0", b"icns", b"wOFF",
    b"wOF2", b"OTTO", b"\0\1\0\0\0", b"FWS", b"CWS", b"bplist00", b"[autorun", b"[AutoRun", b"[Autorun", b"[AUTORUN",
)  # fmt: skip
_DOCUMENT_SIGNATURES: Final = (b"%PDF", b"{\\rtf", b"\xd0\xcf\x11\xe0", b"SQLite format 3", b"ID3")
_PROGRAM_SUFFIXES: Final = frozenset((
    ".exe", ".dll", ".so", ".dylib", ".sys", ".ocx", ".com", ".scr", ".bat", ".cmd", ".sh", ".vbs", ".js", ".mjs",
    ".css", ".htm", ".html", ".xhtml", ".php", ".class", ".jnlp", ".app", ".ico", ".cur", ".icns", ".inf", ".msi",
    ".cab", ".manifest", ".config", ".qm", ".swf", ".chm", ".hlp", ".ttf", ".otf", ".woff", ".woff2", ".py", ".nib",
    ".plist", ".lnk", ".desktop", ".xsl", ".xslt", ".map", ".jar", ".war", ".ear", ".xpi", ".apk", ".crx",
))  # fmt: skip
# Documents in ZIP format are no archives to read.
_DOCUMENT_SUFFIXES: Final = frozenset((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub"))
# Folders of viewers, searched only on a disc that has programs.
_VIEWER_FOLDER_PATTERN: Final = re.compile(
    r"viewer|thumb|icon|skin|plugin|autorun|\.app$"
    r"|^(bin|lib|res|resources?|help|docs?|html|web|ihe_pdi|program|software|imgs?|gfx|assets|static|css|js)$",
    re.IGNORECASE,
)


def is_disc_index(path: str) -> bool:
    """Whether a file is the index of a disc (DICOMDIR), by its name."""
    return path.replace("\\", "/").rpartition("/")[2].upper() == _DICOMDIR


class DiscFileKind(Enum):
    """What a file in the folder, archive or upload of a study is."""

    DICOM = auto()
    VOLUME = auto()
    PICTURE = auto()  # or an archive, or a damaged scan by its name: read unless it belongs to a viewer
    PROGRAM = auto()
    DOCUMENT = auto()
    UNKNOWN = auto()  # binary content without a suffix, such as a damaged DICOM file
    UNREADABLE = auto()


_SCAN_KINDS: Final = (DiscFileKind.DICOM, DiscFileKind.VOLUME)


class DiscFile:
    """A file of a folder, an archive or an upload.

    Parameters
    ----------
    path : str
        Its path, or its name.
    read_head : callable
        Returns the first bytes, as many as the size it is called with or more; None if the file cannot be read.
    """

    def __init__(self, path: str, read_head: Callable[[int], bytes | None]) -> None:
        self.path = PurePosixPath(path.replace("\\", "/"))
        self._read_head = read_head
        self._kind: DiscFileKind | None = None

    @classmethod
    def from_source(cls, name: str, source: bytes | Path) -> Self:
        """Create it from content or a path on disk."""

        def read_head(size: int) -> bytes | None:
            if isinstance(source, bytes):
                return source[:size]
            try:
                if not source.is_file():  # reading from a pipe would consume it
                    return None
                with source.open("rb") as file:
                    return file.read(size)
            except (OSError, ValueError):
                return None

        return cls(name, read_head)

    @property
    def is_named_as_scan(self) -> bool:
        """Whether it has the suffix of a scan."""
        return self.path.name.lower().endswith(SCAN_SUFFIXES)

    @property
    def folder(self) -> tuple[str, ...]:
        """Parts of the path without the name."""
        return self.path.parts[:-1]

    @property
    def kind(self) -> DiscFileKind:
        """What the file is; its content is read once."""
        if self._kind is None:
            head = self._read_head(SIGNATURE_BYTES)
            self._kind = DiscFileKind.UNREADABLE if head is None else classify(self.path.name, head)
        return self._kind


def classify(name: str, head: bytes) -> DiscFileKind:
    """Return what a file is, by its first bytes and its name without folders."""
    name = name.lower()
    suffix = PurePosixPath(name).suffix
    if is_disc_index(name):
        return DiscFileKind.PROGRAM
    file_format = detect_format(head, name)
    if file_format is FileFormat.DICOM:
        return DiscFileKind.DICOM
    if file_format is FileFormat.NIFTI:
        return DiscFileKind.VOLUME
    if name.endswith(SCAN_SUFFIXES):
        return DiscFileKind.PICTURE
    if is_unsupported_scan(head, name):  # refused by its name
        return DiscFileKind.PICTURE
    if suffix in _PROGRAM_SUFFIXES or head.startswith(_PROGRAM_SIGNATURES):
        return DiscFileKind.PROGRAM
    if suffix in _DOCUMENT_SUFFIXES or head.startswith(_DOCUMENT_SIGNATURES):
        return DiscFileKind.DOCUMENT
    if file_format is FileFormat.BMP and not _is_bitmap(head):  # a text that starts with BM
        file_format = FileFormat.UNKNOWN
    if file_format.is_image:
        return DiscFileKind.PICTURE
    has_no_suffix = not suffix or suffix[1:].isdigit()  # DICOM files are often named by a UID, such as 1.2.840.1
    if has_no_suffix and head and not _is_text(head):
        return DiscFileKind.UNKNOWN
    return DiscFileKind.DOCUMENT


def find_non_scans(files: Sequence[DiscFile]) -> set[int]:
    """Return the indices of the files that are no scans, if there is a DICOM study or a volume among the files.

    Pictures are no scans only if they belong to a viewer: in a folder with programs and no scans, in a subfolder of
    such a folder, or, on a disc with programs, in a folder with a name that viewers use.

    Parameters
    ----------
    files : sequence of DiscFile
        All files of a folder, an archive or an upload. If all are named as scans, no content is read.
    """
    others = [file for file in files if not file.is_named_as_scan]
    if not others:
        return set()
    # Most files are pictures; the content of files named as pictures is read only if there is a study.
    is_study = any(is_disc_index(file.path.name) for file in others) or any(
        file.kind in _SCAN_KINDS for file in _by_likelihood(files, others)
    )
    if not is_study:
        return set()
    has_scans = any(file.kind in _SCAN_KINDS for file in files)
    folders = _Folders(files)

    def is_non_scan(file: DiscFile) -> bool:
        if file.kind is DiscFileKind.UNKNOWN:
            return file.folder not in folders.with_scans
        if file.kind is DiscFileKind.PICTURE:
            return has_scans and folders.is_of_viewer(file.folder)
        return file.kind in (DiscFileKind.PROGRAM, DiscFileKind.DOCUMENT)

    return {index for index, file in enumerate(files) if is_non_scan(file)}


def find_scans(files: Sequence[DiscFile]) -> set[int]:
    """Return the indices of the scans of a folder: by their names, or as DICOM files, volumes or images by content.

    If the folder contains a study, the viewer of a disc and its pictures are no scans, but damaged slices are.
    """
    non_scans = find_non_scans(files)

    def is_scan(index: int, file: DiscFile) -> bool:
        if index in non_scans:
            return False
        if file.is_named_as_scan or file.kind is DiscFileKind.PICTURE or file.kind in _SCAN_KINDS:
            return True
        return file.kind is DiscFileKind.UNKNOWN and any(
            other.folder == file.folder and not other.is_named_as_scan and other.kind in _SCAN_KINDS for other in files
        )

    return {index for index, file in enumerate(files) if is_scan(index, file)}


def _by_likelihood(files: Sequence[DiscFile], others: Sequence[DiscFile]) -> Iterable[DiscFile]:
    """Yield the files that may show that there is a study: named as DICOM files or volumes, or without a suffix."""
    yield from (file for file in files if file.path.suffix.lower() in (".dcm", ".dicom", ".ima", ".nii", ".gz"))
    yield from others


class _Folders:
    """Folders of a disc by what they and their subfolders hold."""

    def __init__(self, files: Sequence[DiscFile]) -> None:
        self.with_scans = {file.folder for file in files if file.kind in _SCAN_KINDS}
        # The index is no program: its folder may contain pictures to read.
        self._with_programs = {
            file.folder for file in files if file.kind is DiscFileKind.PROGRAM and not is_disc_index(file.path.name)
        }
        self._above_scans = _with_parents(self.with_scans)
        self._above_programs = _with_parents(self._with_programs)

    def is_of_viewer(self, folder: tuple[str, ...]) -> bool:
        """Whether the pictures in a folder belong to a viewer."""
        if folder in self.with_scans:
            return False
        if folder in self._with_programs:
            return True
        if folder in self._above_scans:
            return False
        # The largest folder around this one without scans, such as VIEWER for VIEWER/images/icons.
        top = folder
        while top and top[:-1] not in self._above_scans:
            top = top[:-1]
        has_viewer_name = any(map(_VIEWER_FOLDER_PATTERN.search, folder[len(top) - 1 :]))
        return top in self._above_programs or (bool(self._with_programs) and has_viewer_name)


def _with_parents(folders: Collection[tuple[str, ...]]) -> set[tuple[str, ...]]:
    return {folder[:length] for folder in folders for length in range(len(folder) + 1)}


def _is_bitmap(head: bytes) -> bool:
    """Whether the header is that of a BMP file: reserved bytes, and the size of an information header."""
    return head[6:10] == b"\0\0\0\0" and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)


def _is_text(head: bytes) -> bool:
    """Whether bytes are text in UTF-8, UTF-16 with a byte order mark, or a single-byte encoding."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head)
