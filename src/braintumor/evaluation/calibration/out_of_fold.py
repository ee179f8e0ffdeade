"""Read and write `out_of_fold.csv`: outputs of networks for slices of sources that they were trained without."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit

from braintumor.datasets.external.manifest import read_all_manifests
from braintumor.enums import CLASS_NAMES
from braintumor.errors import ArtifactError, DatasetError
from braintumor.fileio import write_atomically
from braintumor.inference.model_card import OUT_OF_FOLD_FILE
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings

LOGIT_COLUMNS: Final = tuple(f"logit_{name}" for name in CLASS_NAMES)
SLICE_COLUMNS: Final = ("path", "origin", "plane", "contrast", "group", "label")
_NUMBERS: Final = (*LOGIT_COLUMNS, "mask_log_odds", "ood_distance", "ood_unusual_at")
OUT_OF_FOLD_COLUMNS: Final = (
    *SLICE_COLUMNS,
    "fold",
    "is_left_out",
    *_NUMBERS,
)


def write_out_of_fold(folder: Path, table: pd.DataFrame) -> Path:
    """Write the table of `read_out_of_fold` into the folder of a version."""
    text = table[list(OUT_OF_FOLD_COLUMNS)].to_csv(index=False, float_format="%.5g", lineterminator="\n")
    return write_atomically(folder / OUT_OF_FOLD_FILE, text)


def read_out_of_fold(folder: Path) -> pd.DataFrame | None:
    """Read the out-of-fold outputs of a version; None if no folds were trained.

    Returns
    -------
    DataFrame
        A row per slice and network: `path` relative to `inputs`, `fold` from 1, `is_left_out` (False for the validation
        split of the fold), the logits of the class head, the log-odds of the most probable pixel of the mask,
        `ood_distance` and `ood_unusual_at`, both in units of the distance from which the network rejects a slice.

    Raises
    ------
    ArtifactError
        The file is damaged.
    """
    path = folder / OUT_OF_FOLD_FILE
    if not path.is_file():
        return None
    try:
        types = dict.fromkeys(_NUMBERS, float) | {"group": str, "fold": int, "is_left_out": bool}
        na_values = {name: [""] for name in _NUMBERS}
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=na_values)
        return table[list(OUT_OF_FOLD_COLUMNS)]
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError(
            f"{path} is not a table of out-of-fold outputs ({error}). Restore it with git checkout, or write it again "
            f"with: braintumor train-folds {folder.name}"
        ) from error


def left_out_slices(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Select the slices of left-out sources, and add the other columns of the manifest (`read_all_manifests`).

    Raises
    ------
    DatasetError
        A manifest is missing, or lacks a slice of the table.
    """
    rows = table[table["is_left_out"]].reset_index(drop=True)
    manifest = read_all_manifests(settings).set_index("path")
    if unknown := sorted(set(rows["path"]) - set(manifest.index)):
        raise DatasetError(
            f"The manifests lack {len(unknown):,} slices of {OUT_OF_FOLD_FILE}, such as {unknown[0]}. Write it again "
            "with: braintumor train-folds VERSION"
        )
    listed = manifest.loc[rows["path"]].reset_index()
    return listed.join(rows.drop(columns=list(SLICE_COLUMNS)))


def to_outputs(table: pd.DataFrame) -> Outputs:
    """Return the outputs in a table, with a mask of one pixel, the most probable one."""
    mask = expit(table["mask_log_odds"].to_numpy(np.float64)).astype(np.float32)
    return Outputs(table[list(LOGIT_COLUMNS)].to_numpy(np.float32), mask=mask[:, None, None])


def reduce_outputs(outputs: Outputs) -> Outputs:
    """Keep logits, features and the most probable pixel of the mask; `Outputs.mask_log_odds` stays the same."""
    mask = None if outputs.mask is None else outputs.mask.max(axis=(1, 2), keepdims=True)
    return Outputs(outputs.logits, mask=mask, features=outputs.features)
