"""Which images of the data set are stored upside down: a quarter of the slices without a tumour.

`outputs/dataset/upside_down.csv` lists them. They come from pairs of near-duplicates that differ by a half turn or a
vertical mirroring, of which a person chose the upright one; pairs on which the anatomy does not decide are `uncertain`.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.manifest import kaggle_paths
from braintumor.settings import Settings

UPSIDE_DOWN_FILE: Final = "upside_down.csv"
UNKNOWN_TURN: Final = -1
_TURNS: Final = {"upside down": 2, "uncertain": UNKNOWN_TURN}


def read_stored_turns(manifest: pd.DataFrame, settings: Settings) -> NDArray[np.int64]:
    """Return the quarter turns by which each image of a manifest is stored: 0, 2, or `UNKNOWN_TURN`.

    All images count as upright if there is no list, as for other data sets.
    """
    path = settings.dataset_outputs / UPSIDE_DOWN_FILE
    if not path.is_file():
        return np.zeros(len(manifest), np.int64)
    table = pd.read_csv(path, dtype=str)
    turns = dict(zip(table["path"], table["stored"].map(_TURNS), strict=True))
    return np.array([turns.get(path, 0) for path in kaggle_paths(manifest)], np.int64)


def make_upright(model_inputs: NDArray[np.uint8], turns: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Turn model inputs (n, height, width) upright that are stored upside down."""
    upright = np.array(model_inputs)
    is_upside_down = turns == 2
    upright[is_upside_down] = upright[is_upside_down, ::-1, ::-1]
    return upright
