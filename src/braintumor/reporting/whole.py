"""Whole: a file is written whole or not at all, whatever else writes beside it."""

import os
import threading
from pathlib import Path


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file and return its path; its folder is made where it is not there.

    Raises
    ------
    OSError
        It cannot be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
    return path
