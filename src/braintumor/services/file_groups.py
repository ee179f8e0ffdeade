"""Groups of files that are read together, and the scans decoded from them."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from braintumor.enums import SkipReason
from braintumor.errors import ScanError
from braintumor.fileio import sha256_file
from braintumor.imaging import FailedScan, Scan, SkippedScan, read_scan
from braintumor.imaging.dicom.disc import DiscFile, find_non_scans, is_disc_index
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.file_format import SELF_CONTAINED_SUFFIXES
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings

_LOGGER = logging.getLogger(__name__)
# The ID of every series group, so that the IDs of its slices do not change when files are added or removed.
_SERIES_ID: Final = "series"


class ReadableFile(Protocol):
    """A file to read: an upload, a request body, an object from a PACS, or a path (`LocalFile`)."""

    @property
    def name(self) -> str:
        """File name as the user knows it."""

    def getvalue(self) -> bytes:
        """Return the whole content."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on disk; `name` is its path. Size limits are checked before its content is loaded."""

    name: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(self.name)

    def getvalue(self) -> bytes:
        """Return the whole content."""
        return self.path.read_bytes()


class GroupKind(Enum):
    """What a group of files can contain."""

    IMAGE = auto()  # one file with one slice
    MULTI_SLICE = auto()  # one file with any number of slices
    SERIES = auto()  # files that can be slices of the same series
    NOT_SCANS = auto()  # files that belong to a disc with a study, such as its viewer, and are not read


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files that are read together.

    Attributes
    ----------
    key : str
        Identifies the group; it changes when a file is added or removed.
    """

    files: tuple[ReadableFile, ...]
    key: str
    kind: GroupKind

    @property
    def id(self) -> str:
        """Start of the IDs of its slices."""
        return _SERIES_ID if self.kind is GroupKind.SERIES else self.key


_File = TypeVar("_File", bound=ReadableFile)


def group_files(files: Iterable[_File], file_key: Callable[[_File], str]) -> list[FileGroup]:
    """Group uploaded files by their names: one group per self-contained file, and all others in one group after them.

    If a study is among the files, those that are no scans, such as the viewer on its disc, form one last group.

    Parameters
    ----------
    files : iterable of ReadableFile
        In the order of the upload.
    file_key : callable
        Returns a string that identifies a file, such as the ID of an upload.
    """
    files = list(files)
    not_scans = find_non_scans([DiscFile(file.name, partial(_read_head, file)) for file in files])
    if len(not_scans) == len(files):  # a viewer without its study: each file is reported
        not_scans = set()
    groups, series = [], []
    for index, file in enumerate(files):
        if index in not_scans:
            continue
        if file.name.lower().endswith(SELF_CONTAINED_SUFFIXES):
            groups.append(FileGroup((file,), short_hash(file_key(file)), GroupKind.MULTI_SLICE))
        else:
            series.append(file)
    if series:
        key = short_hash("|".join(map(file_key, series)))
        groups.append(FileGroup(tuple(series), key, GroupKind.SERIES))
    if not_scans:
        others = tuple(files[index] for index in sorted(not_scans))
        groups.append(FileGroup(others, short_hash("|".join(map(file_key, others))), GroupKind.NOT_SCANS))
    return groups


def smallest_first(groups: Iterable[FileGroup]) -> list[FileGroup]:
    """Sort groups by their smallest file, so that a picture does not wait for a volume; equal ones keep their order."""
    return sorted(groups, key=lambda group: min((_size(file) for file in group.files), default=0))


def group_paths(images: Iterable[str], multi_slice_files: Sequence[str] = ()) -> list[FileGroup]:
    """Group files on disk: one group per image, then one with all files that can contain several slices."""
    groups = [FileGroup((LocalFile(path),), path, GroupKind.IMAGE) for path in images]
    if multi_slice_files:
        groups.append(FileGroup(tuple(map(LocalFile, multi_slice_files)), _SERIES_ID, GroupKind.SERIES))
    return groups


def short_hash(text: str) -> str:
    """Return a short ID that does not reveal the text."""
    return hashlib.blake2s(text.encode(errors="surrogatepass"), digest_size=6).hexdigest()


def decode_group(group: FileGroup, settings: Settings) -> Iterator[Scan | FailedScan | SkippedScan]:
    """Decode every slice of a group, in order; nothing is raised for an unreadable file."""
    if group.kind is GroupKind.NOT_SCANS:
        yield from (
            SkippedScan(file.name, SkipReason.NOT_A_SCAN) for file in group.files if not is_disc_index(file.name)
        )
        return
    if group.kind is GroupKind.IMAGE:
        yield decode_image(group.files[0], settings)
        return
    # Whoever passes files has counted them: the limit concerns the files that archives unpack.
    limits = settings.model_copy(update={"max_files": max(settings.max_files, len(group.files))})
    try:
        yield from iter_scans(((file.name, file_content(file)) for file in group.files), limits)
    except Exception:
        # File names stay out of the log: they can contain a patient's name.
        _LOGGER.exception("Unexpected error while decoding files")
        name = group.files[0].name if len(group.files) == 1 else f"{len(group.files)} files"
        yield FailedScan(name, f"{name}: could not be read. Export it again as JPEG, PNG or DICOM.")


def decode_numbered(
    group: FileGroup, settings: Settings, skipped: list[SkippedScan]
) -> Iterator[tuple[str, Scan | FailedScan]]:
    """Decode every slice of a group with an ID: its number, or in a series group a hash of its content and name.

    The ID of a slice in a series group does not depend on the other files, which the user can add and remove. What is
    skipped has no ID, and is added to the list.
    """
    copies: Counter[str] = Counter()
    number = 0
    for scan in decode_group(group, settings):
        if isinstance(scan, SkippedScan):
            skipped.append(scan)
        elif group.kind is GroupKind.SERIES:
            content_id = short_hash(f"{scan.sha256 or ''}|{scan.name}")
            yield f"{group.id}-{content_id}.{copies[content_id]}", scan
            copies[content_id] += 1
        else:
            yield f"{group.id}-{number}", scan
            number += 1


def decode_image(file: ReadableFile, settings: Settings) -> Scan | FailedScan:
    """Decode an image file with one slice."""
    content: bytes | Path = b""
    try:
        content = file_content(file)
        return read_scan(content, file.name, settings)
    except ScanError as error:
        problem = str(error)
    except Exception:
        _LOGGER.exception("Unexpected error while decoding an image")
        problem = f"{file.name}: could not be read. Export it again as JPEG or PNG."
    if isinstance(content, Path):
        return FailedScan(file.name, problem, sha256_or_none(content))
    return FailedScan(file.name, problem, sha256_hex(content) if content else None)


def sha256_or_none(path: Path) -> str | None:
    """Return the SHA-256 hash of a file's content, or None if the file cannot be opened."""
    try:
        return sha256_file(path)
    except (OSError, ValueError):
        return None


def _read_head(file: ReadableFile, size: int) -> bytes:
    return file.getvalue()[:size]


def file_content(file: ReadableFile) -> bytes | Path:
    """Return what to decode: the path of a file on disk, else its content."""
    return file.path if isinstance(file, LocalFile) else file.getvalue()


def _size(file: ReadableFile) -> int:
    """Return the size of a file in bytes; 0 if it cannot be opened, so that its error is reported soon."""
    if not isinstance(file, LocalFile):
        return len(file.getvalue())
    try:
        return file.path.stat().st_size
    except (OSError, ValueError):
        return 0
