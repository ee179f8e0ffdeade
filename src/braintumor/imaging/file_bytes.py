"""Reading of file content within a size limit."""

import hashlib
from pathlib import Path

from braintumor.errors import ScanError


def read_limited(source: bytes | Path, name: str, limit: int, what: str = "slice") -> bytes:
    """Return the content of a file; a file larger than `limit` bytes is rejected before it is read.

    Raises
    ------
    ScanError
        The file is missing, a folder, unreadable, empty or too large.
    """
    data = source if isinstance(source, bytes) else _read_path(source, name, limit, what)
    if not data:
        raise ScanError(f"{name}: the file is empty. Export or copy it again.")
    if len(data) > limit:
        raise ScanError(too_large_message(name, limit, what))
    return data


def _read_path(path: Path, name: str, limit: int, what: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise ScanError(too_large_message(name, limit, what))
        with path.open("rb") as file:
            return file.read((size or limit) + 1)  # pipes and devices report no size, and devices never end
    except (FileNotFoundError, NotADirectoryError):
        raise ScanError(f"{name}: there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise ScanError(f"{name}: this is a folder. Select an image file inside it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScanError(f"{name}: cannot be opened ({reason}). Check the path and permissions.") from error


def too_large_message(name: str, limit: int, what: str = "slice") -> str:
    """Return the error message for a file larger than `limit` bytes."""
    remedy = "Export the slice as a single image." if what == "slice" else "Split it into several files."
    return f"{name}: the file is larger than {limit / 2**20:.3g} MB. {remedy}"


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 hash of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
