"""Read and write the manifest: one row per image, with its group and split."""

from pathlib import Path
from typing import Final

import pandas as pd

from braintumor.datasets.catalog import KAGGLE
from braintumor.errors import DatasetError
from braintumor.fileio import write_atomically
from braintumor.settings import Settings, get_settings

MANIFEST_COLUMNS: Final = (
    "path", "label", "original_split", "sha256", "width", "height", "mode", "origin", "plane", "patient", "group",
    "split", "has_mask",
)  # fmt: skip


def manifest_path(settings: Settings | None = None) -> Path:
    """Return the path of the manifest."""
    return (settings or get_settings()).dataset_outputs / "manifest.csv"


def read_manifest(settings: Settings | None = None) -> pd.DataFrame:
    """Read the manifest with text columns, integer `width` and `height`, and boolean `has_mask`.

    Raises
    ------
    DatasetError
        The manifest is missing, cannot be read, or lacks a column.
    """
    absent = "There is no manifest yet. Create it with: braintumor data audit"
    return read_manifest_file(manifest_path(settings), MANIFEST_COLUMNS, "braintumor data audit", absent)


def read_manifest_file(path: Path, columns: tuple[str, ...], command: str, absent: str) -> pd.DataFrame:
    """Read the manifest at a path, which `command` writes; `absent` is the error if there is none.

    Raises
    ------
    DatasetError
        The manifest is missing, cannot be read, or lacks one of the columns.
    """
    try:
        manifest = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise DatasetError(absent) from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"Cannot read {path.name} ({error}). Write it again with: {command}") from error
    missing = [column for column in columns if column not in manifest]
    if missing:
        raise DatasetError(f"{path.name} lacks {missing}. Write it again with: {command}")
    manifest["has_mask"] = manifest["has_mask"] == "true"
    return manifest.astype({"width": int, "height": int})


def kaggle_paths(manifest: pd.DataFrame) -> pd.Series:
    """Return the paths of a manifest relative to the folder of the Kaggle set, where a joined one starts with it."""
    return manifest["path"].str.removeprefix(f"{KAGGLE.folder}/")


def write_manifest(manifest: pd.DataFrame, settings: Settings | None = None) -> Path:
    """Write the manifest atomically and return its path."""
    plain = manifest[list(MANIFEST_COLUMNS)].assign(has_mask=manifest["has_mask"].map({True: "true", False: "false"}))
    path = manifest_path(settings)
    write_atomically(path, plain.to_csv(index=False, lineterminator="\n"))
    return path
