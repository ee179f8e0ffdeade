"""Pairs of near-duplicates side by side, the second turned so that it lies as the first."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.exploration.montage import Tile, read_dataset_image
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import TumorClass

_MIRROR: Final = "mirror"


def oriented(pixels: NDArray[np.uint8], transform: str) -> NDArray[np.uint8]:
    """A picture mirrored left to right where the transform says so, then rotated counter-clockwise by its angle.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
    transform : str
        One of `braintumor.dataset.twins.ORIENTATIONS`, such as `mirror, rotate 180`.
    """
    mirrored = pixels[:, ::-1] if transform.startswith(_MIRROR) else pixels
    quarters = int(transform.rpartition("rotate ")[2]) // 90 if "rotate" in transform else 0
    return np.ascontiguousarray(np.rot90(mirrored, quarters))


def make_pair_tiles(pairs: pd.DataFrame, settings: Settings | None = None) -> list[Tile]:
    """Two tiles for each pair, for a montage with an even number of columns.

    Parameters
    ----------
    pairs : DataFrame
        Rows of `LeakageReport.twins`, as `twin_examples` chooses them.

    Returns
    -------
    list of Tile
        First and second image in turn. The caption of the second says how it was turned, and how many of
        the hashes' 128 bits differ.

    Raises
    ------
    ScanError
        A file is missing or damaged.
    """
    settings = settings or get_settings()
    found = []
    for pair in pairs.to_dict("records"):
        first, second = (read_dataset_image(pair[side], settings) for side in ("path_a", "path_b"))
        how = "as it is" if pair["transform"] == "identity" else pair["transform"]
        label = TumorClass(pair["label_a"]).title
        found.append(Tile(pair["path_a"], (_format_path(pair["path_a"]), label), first.to_uint8()))
        pixels, apart = oriented(second.to_uint8(), pair["transform"]), f"{pair['distance']} of 128 bits differ"
        found.append(Tile(pair["path_b"], (_format_path(pair["path_b"]), f"{how}; {apart}"), pixels))
    return found


def _format_path(path: str) -> str:
    """Split and file, such as `Testing, Te-gl_0010.jpg`: the side of the split is the point of the picture."""
    split, _, file = path.split("/")
    return f"{split}, {file}"
