"""File hashes and atomic writes."""

import gzip
import hashlib
import os
import threading
from pathlib import Path


def sha256_file(path: Path) -> str:
    """Return the SHA-256 hash of a file in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write a file atomically, also with concurrent writers, and return its path.

    Text is encoded as UTF-8, and compressed if the name ends in `.gz`; equal text gives equal bytes.
    Readers never see a partial file. An interrupted run leaves only a hidden temporary file. Missing folders are
    created.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    if isinstance(content, str):
        content = content.encode("utf-8")
        content = gzip.compress(content, mtime=0) if path.suffix == ".gz" else content
    temporary.write_bytes(content)
    temporary.replace(path)
    return path
