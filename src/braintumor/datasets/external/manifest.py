"""Read and write the manifest of the external sets, alone or joined with that of the Kaggle set."""

from pathlib import Path
from typing import Any, Final

import pandas as pd

from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.external.sets import EXTERNAL_COMMAND, EXTERNAL_SET
from braintumor.datasets.manifest import MANIFEST_COLUMNS, read_manifest, read_manifest_file
from braintumor.fileio import write_atomically
from braintumor.settings import Settings, get_settings

EXTERNAL_COLUMNS: Final = (*MANIFEST_COLUMNS, "contrast", "licence", "condition", "slice_height", "field")
KAGGLE_LICENCE: Final = "CC0-1.0"
_AUDIT_COMMAND: Final = "braintumor data audit --external"
# What the manifest of the Kaggle set does not have.
_KAGGLE_VALUES: Final[dict[str, Any]] = {
    "contrast": "unknown",
    "licence": KAGGLE_LICENCE,
    "condition": "",
    "slice_height": float("nan"),
    "field": "",
}


def external_manifest_path(settings: Settings | None = None) -> Path:
    """Return the path of the manifest of the external sets."""
    return (settings or get_settings()).dataset_outputs / "external.csv"


def read_external_manifest(settings: Settings | None = None) -> pd.DataFrame:
    """Read the manifest of the external sets, whose paths are relative to `inputs/external`.

    Returns
    -------
    DataFrame
        The columns of `read_manifest`, with the name of the set as `origin`, and `contrast`, `licence` (SPDX),
        `condition` (`skull-stripped`, `defaced`, `treated` or empty), `slice_height` (0 lowest to 1 highest slice of
        the volume; NaN if unknown) and `field` (`brain`, `outside`, or empty if not examined). Labels beyond the four
        classes are `tumor`, of another type, and `other-lesion`, which is no tumour.

    Raises
    ------
    DatasetError
        The manifest is missing, cannot be read, or lacks a column.
    """
    absent = f"There is no manifest of the external sets yet. Run: {EXTERNAL_COMMAND}, then {_AUDIT_COMMAND}"
    manifest = read_manifest_file(external_manifest_path(settings), EXTERNAL_COLUMNS, _AUDIT_COMMAND, absent)
    manifest["slice_height"] = pd.to_numeric(manifest["slice_height"])
    return manifest


def write_external_manifest(manifest: pd.DataFrame, settings: Settings | None = None) -> Path:
    """Write the manifest of the external sets atomically and return its path."""
    plain = manifest[list(EXTERNAL_COLUMNS)].assign(has_mask=manifest["has_mask"].map({True: "true", False: "false"}))
    path = external_manifest_path(settings)
    return write_atomically(path, plain.to_csv(index=False, lineterminator="\n"))


def join_manifests(kaggle: pd.DataFrame, external: pd.DataFrame) -> pd.DataFrame:
    """Append the external rows to those of the Kaggle set, whose further columns are filled with what is known.

    Paths become relative to `inputs`.
    """
    kaggle = kaggle.assign(path=f"{KAGGLE.folder}/" + kaggle["path"], **_KAGGLE_VALUES)
    return pd.concat([kaggle, external.assign(path=f"{EXTERNAL_SET.folder}/" + external["path"])], ignore_index=True)


def summarize_sources(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count images, groups and masks of a joined manifest by source, class, plane, contrast and licence."""
    keys = ["origin", "label", "plane", "contrast", "licence"]
    counts = manifest.groupby(keys).agg(images=("path", "size"), groups=("group", "nunique"), masks=("has_mask", "sum"))
    return counts.reset_index()


def read_all_manifests(settings: Settings | None = None) -> pd.DataFrame:
    """Read the manifests of the Kaggle set and of the external sets as one table; see `join_manifests`."""
    return join_manifests(read_manifest(settings), read_external_manifest(settings))
