"""Files: the hash of one, and writing that never leaves half of one."""

import hashlib
import os
import threading
from pathlib import Path


def sha256_file(path: Path) -> str:
    """Hash of a file's content, as lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write a whole file or nothing, whatever else writes it meanwhile, and return its path.

    A reader, or a killed run, never sees half of it; what a kill leaves behind is hidden. The folder is made where it
    is not there.

    Raises
    ------
    OSError
        It cannot be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    temporary.replace(path)
    return path
