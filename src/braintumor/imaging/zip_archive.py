"""Members of a ZIP archive, read one at a time into memory, with sizes checked before and during unpacking."""

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from braintumor.errors import ScanError
from braintumor.imaging.containers.zip_names import decode_names
from braintumor.imaging.file_bytes import check_file_size, size_limit, too_large_message
from braintumor.imaging.file_format import SIGNATURE_BYTES
from braintumor.settings import Settings

# Size of the central directory per allowed file; a larger directory means too many files.
_DIRECTORY_BYTES_PER_FILE: Final = 1_024
_CHUNK_BYTES: Final = 2**20
# Metadata of operating systems.
_IGNORED_FOLDERS: Final = ("__MACOSX",)
_IGNORED_NAMES: Final = ("THUMBS.DB", "DESKTOP.INI")
_ZIP_SIGNATURES: Final = (b"PK\3\4", b"PK\5\6")
_ENCRYPTED_FLAG: Final = 0x1
# LZMA is excluded: it allocates as much memory as the archive requests before unpacking a byte.
_ALLOWED_COMPRESSION: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
# Displayed names are cut to their end, and unprintable characters are replaced.
_MAX_NAME_LENGTH: Final = 200


class _LimitedReader(io.BufferedReader):
    """A file that limits single reads, because `zipfile` reads the whole central directory at once."""

    limit = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.limit:
            raise zipfile.LargeZipFile
        return super().read(size)


@dataclass(slots=True)
class UnpackBudget:
    """Remaining bytes that the archives of one call may unpack to."""

    remaining: int


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One file of an open archive.

    Attributes
    ----------
    name : str
        Archive and path in it, as displayed.
    path : PurePosixPath
        Decoded path in the archive.
    info : ZipInfo
        Entry of the archive, with the name as the archive stores it.
    """

    name: str
    path: PurePosixPath
    info: zipfile.ZipInfo
    archive: zipfile.ZipFile

    def read(self, settings: Settings, budget: UnpackBudget | None) -> bytes:
        """Return the content, counted against the budget; pass None for a repeated read.

        Raises
        ------
        ScanError
            The member is encrypted, damaged, over a limit, or its path or compression method is not allowed.
        """
        budget = budget or UnpackBudget(max(settings.max_bytes, settings.max_volume_bytes))
        self._check_declared(settings, budget)
        try:
            with self.archive.open(self.info) as member:
                start = member.read(SIGNATURE_BYTES)
                check_file_size(self.info.file_size, start, self.name, settings)
                limit = min(size_limit(start, self.name, settings), budget.remaining)
                data = _read_up_to(member, limit, start)
        except ScanError:
            raise
        except Exception as error:  # zlib and bz2 raise different errors
            raise ScanError(f"{self.name}: the archive is damaged at this file. Create or copy it again.") from error
        budget.remaining -= len(data)
        if len(data) > limit:
            raise ScanError(zip_bomb_message(self.name))
        return data

    def read_head(self, size: int) -> bytes | None:
        """Return the first bytes to recognize the format; None if `read` would refuse the member or fail."""
        if self.info.flag_bits & _ENCRYPTED_FLAG or self.info.compress_type not in _ALLOWED_COMPRESSION:
            return None
        try:
            with self.archive.open(self.info) as member:
                return member.read(size)
        except Exception:  # zlib and bz2 raise different errors
            return None

    def _check_declared(self, settings: Settings, budget: UnpackBudget) -> None:
        """Check the header, whose sizes may be wrong and are checked again while unpacking."""
        parts = self.path.parts
        if self.path.is_absolute() or ".." in parts or ":" in "".join(parts[:1]):
            raise ScanError(f"{self.name}: its path leads outside the archive. Create the ZIP again.")
        if stat.S_ISLNK(self.info.external_attr >> 16):
            raise ScanError(f"{self.name}: this is a symbolic link. Put the file itself into the ZIP.")
        if self.info.flag_bits & _ENCRYPTED_FLAG:
            raise ScanError(f"{self.name}: the file is protected by a password. Create a ZIP without one.")
        if self.info.compress_type not in _ALLOWED_COMPRESSION:
            raise ScanError(f"{self.name}: its compression method is not supported. Create a standard ZIP.")
        if self.info.file_size > settings.max_ratio * max(1, self.info.compress_size):
            raise ScanError(zip_bomb_message(self.name))
        if self.info.file_size > budget.remaining:
            raise ScanError(
                f"{self.name}: archives read at once may unpack to {settings.max_unpacked_bytes / 2**20:.0f} MB, and "
                "this file would exceed that. Read it separately."
            )


def _read_up_to(member: IO[bytes], limit: int, start: bytes) -> bytes:
    """Read to the end, or one byte more than the limit, after the first bytes."""
    chunks, remaining = [start], limit + 1 - len(start)
    while remaining > 0 and (chunk := member.read(min(_CHUNK_BYTES, remaining))):
        chunks.append(chunk)
        remaining -= len(chunk)
    return b"".join(chunks)


def zip_bomb_message(name: str) -> str:
    """Return the error message for a member with an implausible compression ratio."""
    return f"{name}: it unpacks to far more than its size in the archive. Read the file itself, without the archive."


def is_zip(source: bytes | Path) -> bool:
    """Whether a file starts with a ZIP signature; False if it cannot be opened."""
    if isinstance(source, bytes):
        return source.startswith(_ZIP_SIGNATURES)
    try:
        if not source.is_file():  # reading from a pipe would consume it
            return False
        with source.open("rb") as file:
            return file.read(4) in _ZIP_SIGNATURES
    except (OSError, ValueError):
        return False


@contextmanager
def open_zip(source: bytes | Path, name: str, settings: Settings) -> Iterator[zipfile.ZipFile]:
    """Open an archive and read its central directory within the limits.

    Raises
    ------
    ScanError
        The archive is too large, has too many files, is damaged or unreadable.
    """
    with ExitStack() as stack:
        archive = stack.enter_context(_open_within_limits(source, name, settings, stack))
        if len(archive.infolist()) > settings.max_files:
            raise ScanError(too_many_files_message(name, settings))
        yield archive


def _open_within_limits(source: bytes | Path, name: str, settings: Settings, stack: ExitStack) -> zipfile.ZipFile:
    """Open an archive, and register its file with the stack because `ZipFile` does not close a file it is given."""
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > settings.max_archive_bytes:
            raise ScanError(too_large_message(name, settings.max_archive_bytes, "archive"))
        raw: Any = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0)
        limited = stack.enter_context(_LimitedReader(raw))
        limited.limit = max(_CHUNK_BYTES, _DIRECTORY_BYTES_PER_FILE * settings.max_files)
        return zipfile.ZipFile(limited)
    except ScanError:
        raise
    except zipfile.LargeZipFile:
        raise ScanError(too_many_files_message(name, settings)) from None
    except Exception as error:  # a damaged directory raises struct.error, ValueError and others
        raise ScanError(f"{name}: the archive is truncated or damaged. Create or copy it again.") from error


def too_many_files_message(name: str, settings: Settings) -> str:
    """Return the error message for a file beyond the limit on the number of files."""
    return f"{name}: more than {settings.max_files:,} files at once are not allowed. Read them in several runs."


def iter_members(archive: zipfile.ZipFile, name: str) -> Iterator[ZipMember]:
    """Yield the files of an archive in their order, without folders, hidden files and operating-system metadata."""
    infos = archive.infolist()
    for info, member_name in zip(infos, decode_names(infos), strict=True):
        path = PurePosixPath(member_name.replace("\\", "/"))
        is_hidden = path.name.startswith(".") and ".." not in path.parts
        is_folder = not member_name or member_name.endswith(("/", "\\"))
        if is_folder or is_hidden or path.name.upper() in _IGNORED_NAMES or set(_IGNORED_FOLDERS) & set(path.parts):
            continue
        printable = "".join(character if character.isprintable() else "?" for character in member_name)
        yield ZipMember(f"{name}/{printable[-_MAX_NAME_LENGTH:]}", path, info, archive)
