"""Files of an image set on disk: where images lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from braintumor.vocabulary import CLASS_NAMES

SPLIT_FOLDERS: Final = ("Training", "Testing")
CLASS_FOLDERS: Final = tuple(f"{split}/{label}" for split in SPLIT_FOLDERS for label in CLASS_NAMES)


def find_images(folder: Path, image_folders: Sequence[str] = CLASS_FOLDERS) -> list[str]:
    """Paths, relative with `/` and sorted, of every file in the folders `leaves`: `<Training|Testing>/<class>`."""
    return sorted(
        path.relative_to(folder).as_posix()
        for leaf in image_folders
        for path in (folder / leaf).glob("*")
        if path.is_file() and not path.name.startswith(".")
    )
