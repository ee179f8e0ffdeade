"""Which images of the Kaggle set are head CT, although the set is published as MR.

`outputs/dataset/ct_slices.csv` lists them: images with a bright ring around the brain, of which a person chose those
that show bone as CT does. Most are among the slices without a tumour, where a network learns them as ordinary MR.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.manifest import kaggle_paths
from braintumor.settings import Settings

CT_SLICES_FILE: Final = "ct_slices.csv"


def find_ct_slices(manifest: pd.DataFrame, settings: Settings) -> NDArray[np.bool_]:
    """Return which images of a manifest are head CT, shape (n,); none if there is no list, as for other data sets."""
    path = settings.dataset_outputs / CT_SLICES_FILE
    if not path.is_file():
        return np.zeros(len(manifest), bool)
    return kaggle_paths(manifest).isin(pd.read_csv(path, dtype=str)["path"]).to_numpy(bool)
