"""Writes a set of phantoms laid out like the yes/no set: folders yes and no, kinds untold, copies among them."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from braintumor.dataset.drawing import PHANTOM_PLANES, make_phantom
from braintumor.dataset.sets import BINARY_FOLDER_LABELS, BINARY_SET
from braintumor.dataset.table import build_file_table, save_file_table
from braintumor.vocabulary import CLASSES, TumorClass

BINARY_TABLE_FILE: Final = "table.csv"
_BINARY_IMAGE_SIZE: Final = 200
_MIN_PER_LABEL: Final = 4
_TUMOR_CLASSES: Final = tuple(c for c in CLASSES if c.is_tumor)
# Far from the seeds of the main phantoms, so that no picture lies in both sets.
_BINARY_FIRST_SEED: Final = 5_000_000


def write_binary_phantoms(folder: Path, per_label: int = 24, seed: int = 0) -> int:
    """Draw a stand-in for the yes/no set, with a table of its files; the last two of each label are near copies.

    Of each label the last picture but one is an exact copy of the first, and the last is it in a mirror. Tumours are of
    the three kinds in turn, which nothing in the set says. Equal arguments write equal bytes.

    Returns
    -------
    int
        How many pictures were written.

    Raises
    ------
    ValueError
        `per_label` is below 4.
    """
    if per_label < _MIN_PER_LABEL:
        raise ValueError(
            f"A yes/no phantom set needs at least {_MIN_PER_LABEL} pictures of each label, not {per_label}."
        )
    for label in BINARY_FOLDER_LABELS:
        target = folder / label
        target.mkdir(parents=True, exist_ok=True)
        pictures = [_make_binary_image(label, number, per_label * seed + number) for number in range(per_label - 2)]
        for number, pixels in enumerate([*pictures, pictures[0], pictures[0][:, ::-1]]):
            Image.fromarray(np.ascontiguousarray(pixels)).save(target / f"{label[0].upper()}{number + 1}.png")
    table = build_file_table(folder, BINARY_SET.image_folders)
    save_file_table(table, folder / BINARY_TABLE_FILE)
    return len(table)


def _make_binary_image(label: str, number: int, seed: int) -> np.ndarray:
    kind = _TUMOR_CLASSES[number % len(_TUMOR_CLASSES)] if label == "yes" else TumorClass.NOTUMOR
    return make_phantom(
        kind, _BINARY_FIRST_SEED + seed, _BINARY_IMAGE_SIZE, PHANTOM_PLANES[number % len(PHANTOM_PLANES)]
    ).pixels
