"""Reading of file content within a size limit."""

import hashlib
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.file_format import SIGNATURE_BYTES, is_volume
from braintumor.settings import Settings

_REMEDIES: Final = {
    "slice": "Export the slice as a single image.",
    "volume": "Export part of it.",
    "archive": "Split it into several files.",
}


def read_limited(source: bytes | Path, name: str, settings: Settings) -> bytes:
    """Return the content of a file; a file over the limit of its format is rejected before it is read.

    The limit is `Settings.max_volume_bytes` for volumes, judged by their first bytes, and `Settings.max_bytes` for
    all other files.

    Raises
    ------
    ScanError
        The file is missing, a folder, unreadable, empty or too large.
    """
    data = source if isinstance(source, bytes) else _read_path(source, name, settings)
    if not data:
        raise ScanError(f"{name}: the file is empty. Export or copy it again.")
    check_file_size(len(data), data, name, settings)
    return data


def check_file_size(size: int, start: bytes, name: str, settings: Settings) -> None:
    """Check the size of a file, of which `start` is the content or its beginning.

    Raises
    ------
    ScanError
        The file is too large.
    """
    limit = size_limit(start, name, settings)
    if size > limit:
        raise ScanError(too_large_message(name, limit, "volume" if is_volume(start, name) else "slice"))


def size_limit(start: bytes, name: str, settings: Settings) -> int:
    """Return the largest allowed size of a file in bytes, by its first bytes and name."""
    return settings.max_volume_bytes if is_volume(start, name) else settings.max_bytes


def _read_path(path: Path, name: str, settings: Settings) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.peek(SIGNATURE_BYTES)[:SIGNATURE_BYTES]
            check_file_size(size, start, name, settings)
            # Pipes and devices report no size, and devices never end.
            return file.read((size or size_limit(start, name, settings)) + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ScanError(f"{name}: there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise ScanError(f"{name}: this is a folder. Select an image file inside it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScanError(f"{name}: cannot be opened ({reason}). Check the path and permissions.") from error


def too_large_message(name: str, limit: int, what: str = "slice") -> str:
    """Return the error message for a file larger than `limit` bytes: a slice, a volume or an archive."""
    article = "the volume" if what == "volume" else "the file"
    return f"{name}: {article} is larger than {limit / 2**20:.3g} MB. {_REMEDIES[what]}"


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 hash of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
