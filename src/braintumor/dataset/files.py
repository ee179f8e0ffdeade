"""Files of an image set on disk: where images lie, their hashes, and writing that never leaves half a file."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from braintumor.vocabulary import CLASS_NAMES

FOLDERS: Final = ("Training", "Testing")
LEAVES: Final = tuple(f"{split}/{label}" for split in FOLDERS for label in CLASS_NAMES)


def find_images(folder: Path, leaves: Sequence[str] = LEAVES) -> list[str]:
    """Paths, relative with `/` and sorted, of every file in the folders `leaves`: `<Training|Testing>/<class>`."""
    return sorted(
        path.relative_to(folder).as_posix()
        for leaf in leaves
        for path in (folder / leaf).glob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def sha256_of(path: Path) -> str:
    """Hash of a file's content, as lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file or nothing: a reader, or a killed run, never sees half of it.

    What a kill leaves behind is hidden, is no image to `find_images`, and is written over next time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary.write_bytes(data)
    temporary.replace(path)
