"""Members of a ZIP archive, one at a time, in memory: sizes are checked before unpacking and while it runs."""

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from braintumor.errors import ScanError
from braintumor.imaging.file_bytes import too_large_message
from braintumor.settings import Settings

# Room in an archive's list for each of the files allowed; a longer list is that of an archive with too many.
_DIRECTORY_BYTES_PER_FILE: Final = 1_024
_CHUNK_BYTES: Final = 2**20
# What operating systems put beside files, and what lists the files of a disc.
_IGNORED_FOLDERS: Final = ("__MACOSX",)
_IGNORED_NAMES: Final = ("DICOMDIR", "THUMBS.DB", "DESKTOP.INI")
_ZIP_SIGNATURES: Final = (b"PK\3\4", b"PK\5\6")
_ENCRYPTED_FLAG: Final = 0x1
# LZMA is left out: it takes as much memory as an archive asks for, before a byte is unpacked.
_ALLOWED_COMPRESSION: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
# Names are shown, so what cannot be printed is replaced, and of the longest the end is kept.
_MAX_NAME_LENGTH: Final = 200


class _LimitedReader(io.BufferedReader):
    """A file that gives no more than so much at once: `zipfile` reads an archive's whole list in one piece."""

    limit = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.limit:
            raise zipfile.LargeZipFile
        return super().read(size)


@dataclass(slots=True)
class UnpackBudget:
    """What the archives read at once may still unpack to, in bytes."""

    remaining: int


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One file of an open archive."""

    name: str
    info: zipfile.ZipInfo
    archive: zipfile.ZipFile

    def read(self, settings: Settings, budget: UnpackBudget | None) -> bytes:
        """Its content, which counts against a budget unless it is read again.

        Raises
        ------
        ScanError
            Encrypted, packed in a way that is not known, over a limit, or damaged.
        """
        budget = budget or UnpackBudget(settings.max_bytes)
        self._check_declared(settings, budget)
        limit = min(settings.max_bytes, budget.remaining)
        try:
            with self.archive.open(self.info) as packed:
                data = _read_up_to(packed, limit)
        except Exception as error:  # zlib, bz2 and lzma each have errors of their own
            raise ScanError(f"{self.name}: the archive is damaged here. Make or copy it again.") from error
        budget.remaining -= len(data)
        if len(data) > limit:
            raise ScanError(zip_bomb_message(self.name))
        return data

    def _check_declared(self, settings: Settings, budget: UnpackBudget) -> None:
        """By what the archive says of it, which may be untrue."""
        path = _member_path(self.info)
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise ScanError(f"{self.name}: its place in the archive leads out of it. Make the ZIP again.")
        if stat.S_ISLNK(self.info.external_attr >> 16):
            raise ScanError(f"{self.name}: it is a link to another file. Put the file itself into the ZIP.")
        if self.info.flag_bits & _ENCRYPTED_FLAG:
            raise ScanError(f"{self.name}: it is protected by a password. Make a ZIP without one.")
        if self.info.compress_type not in _ALLOWED_COMPRESSION:
            raise ScanError(f"{self.name}: it is packed in a way that is not read. Make an ordinary ZIP.")
        if self.info.file_size > settings.max_bytes:
            raise ScanError(too_large_message(self.name, settings.max_bytes))
        if self.info.file_size > settings.max_ratio * max(1, self.info.compress_size):
            raise ScanError(zip_bomb_message(self.name))
        if self.info.file_size > budget.remaining:
            raise ScanError(
                f"{self.name}: archives read at once may unpack to {settings.max_unpacked_bytes / 2**20:.0f} MB, and "
                "this one would pass that. Give it by itself."
            )


def _member_path(info: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(info.filename.replace("\\", "/"))


def _read_up_to(packed: IO[bytes], limit: int) -> bytes:
    """Content to its end, or a byte more than the limit."""
    parts, left = [], limit + 1
    while left > 0 and (part := packed.read(min(_CHUNK_BYTES, left))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def zip_bomb_message(name: str) -> str:
    return f"{name}: it unpacks to far more than its size in the archive. Give the file itself."


def is_zip(source: bytes | Path) -> bool:
    """Whether a file starts as a ZIP archive does; not so where it cannot be opened."""
    if isinstance(source, bytes):
        return source.startswith(_ZIP_SIGNATURES)
    try:
        if not source.is_file():  # what is read from a pipe is gone
            return False
        with source.open("rb") as file:
            return file.read(4) in _ZIP_SIGNATURES
    except (OSError, ValueError):
        return False


@contextmanager
def open_zip(source: bytes | Path, name: str, settings: Settings) -> Iterator[zipfile.ZipFile]:
    """An archive, its list read within bounds.

    Raises
    ------
    ScanError
        Too large, too many files, damaged, or not readable.
    """
    with ExitStack() as stack:
        archive = stack.enter_context(_open_within_limits(source, name, settings, stack))
        if len(archive.infolist()) > settings.max_files:
            raise ScanError(too_many_files_message(name, settings))
        yield archive


def _open_within_limits(source: bytes | Path, name: str, settings: Settings, stack: ExitStack) -> zipfile.ZipFile:
    """An archive whose file, which it does not close itself, is closed with a stack."""
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > settings.max_archive_bytes:
            raise ScanError(too_large_message(name, settings.max_archive_bytes, "archive"))
        raw: Any = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0)
        guarded = stack.enter_context(_LimitedReader(raw))
        guarded.limit = max(_CHUNK_BYTES, _DIRECTORY_BYTES_PER_FILE * settings.max_files)
        return zipfile.ZipFile(guarded)
    except ScanError:
        raise
    except zipfile.LargeZipFile:
        raise ScanError(too_many_files_message(name, settings)) from None
    except Exception as error:  # struct.error, ValueError and others where its list is damaged
        raise ScanError(f"{name}: the archive is cut short or damaged. Make or copy it again.") from error


def too_many_files_message(name: str, settings: Settings) -> str:
    """The sentence for files over the number that is read at once."""
    return f"{name}: more than {settings.max_files:,} files at once are too many. Give it in parts."


def iter_members(archive: zipfile.ZipFile, name: str) -> Iterator[ZipMember]:
    """Its files as the list has them; folders and what operating systems leave beside files are passed over."""
    for info in archive.infolist():
        path = _member_path(info)
        hidden = path.name.startswith(".") and ".." not in path.parts
        # A name can be empty, which `is_dir` of Python 3.11 does not survive.
        is_folder = not info.filename or info.is_dir()
        if is_folder or hidden or path.name.upper() in _IGNORED_NAMES or set(_IGNORED_FOLDERS) & set(path.parts):
            continue
        shown = "".join(sign if sign.isprintable() else "?" for sign in info.filename)
        yield ZipMember(f"{name}/{shown[-_MAX_NAME_LENGTH:]}", info, archive)
