"""Writes a set of phantoms laid out like the yes/no set: folders yes and no, kinds untold, copies among them."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from braintumor.dataset.drawing import PLANES, draw
from braintumor.dataset.sets import YES_NO, YES_NO_LABELS
from braintumor.dataset.table import file_table, save_table
from braintumor.vocabulary import CLASSES, TumorClass

TABLE: Final = "table.csv"
_SIDE: Final = 200
_LEAST: Final = 4
_KINDS: Final = tuple(c for c in CLASSES if c.is_tumor)
# Far from the seeds of the main phantoms, so that no picture lies in both sets.
_FIRST_SEED: Final = 5_000_000


def write_yes_no_phantoms(folder: Path, per_label: int = 24, seed: int = 0) -> int:
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
    if per_label < _LEAST:
        raise ValueError(f"A yes/no phantom set needs at least {_LEAST} pictures of each label, not {per_label}.")
    for label in YES_NO_LABELS:
        target = folder / label
        target.mkdir(parents=True, exist_ok=True)
        pictures = [_picture(label, number, per_label * seed + number) for number in range(per_label - 2)]
        for number, pixels in enumerate([*pictures, pictures[0], pictures[0][:, ::-1]]):
            Image.fromarray(np.ascontiguousarray(pixels)).save(target / f"{label[0].upper()}{number + 1}.png")
    table = file_table(folder, YES_NO.leaves)
    save_table(table, folder / TABLE)
    return len(table)


def _picture(label: str, number: int, seed: int) -> np.ndarray:
    kind = _KINDS[number % len(_KINDS)] if label == "yes" else TumorClass.NOTUMOR
    return draw(kind, _FIRST_SEED + seed, _SIDE, PLANES[number % len(PLANES)]).pixels
