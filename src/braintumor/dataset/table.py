"""The expected files of an image set: path, size, hash, and where each image came from (provenance)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from braintumor.dataset.files import CLASS_FOLDERS, find_images
from braintumor.errors import DatasetError
from braintumor.files import sha256_file

KAGGLE_HANDLE: Final = "masoudnickparvar/brain-tumor-mri-dataset"
KAGGLE_FILE_TABLE: Final = Path(__file__).parent / "tables" / "kaggle.csv.gz"
PROVENANCE_COLUMNS: Final = ("origin", "cheng_slice", "patient", "plane", "brisc_file", "brisc_transform")
_FILE_COLUMNS: Final = ("path", "bytes", "sha256")


def load_file_table(path: Path | None = None, provenance_columns: Sequence[str] = PROVENANCE_COLUMNS) -> pd.DataFrame:
    """Read a table of expected files, with its provenance columns; the shipped one of the Kaggle set by default.

    Returns
    -------
    DataFrame
        Columns `path` (relative, with `/`), `bytes`, `sha256` and the provenance columns, all text but `bytes`.
        Provenance: matched by hash and by correlation above 0.97 against the Figshare (Cheng), Br35H, SARTAJ and
        BRISC collections; empty where unknown.

    Raises
    ------
    DatasetError
        The table is missing or lacks a column.
    """
    path = path or KAGGLE_FILE_TABLE
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"The table of expected files {path.name} cannot be read: {error}") from error
    missing = {*_FILE_COLUMNS, *provenance_columns} - set(table.columns)
    if missing:
        raise DatasetError(f"The table of expected files {path.name} lacks the columns {sorted(missing)}.")
    return table.astype({"bytes": int})


def write_file_table(folder: Path, provenance: pd.DataFrame, target: Path) -> int:
    """Write the table of the files in `folder`, joined with provenance rows by split, label and file.

    This is how the shipped table was made from the Kaggle download and its provenance. Returns the row count.
    """
    found = build_file_table(folder)
    found[["split", "label", "file"]] = found["path"].str.split("/", expand=True)
    joined = found.merge(provenance.astype(str), how="left", on=["split", "label", "file"]).fillna("")
    save_file_table(joined[[*_FILE_COLUMNS, *PROVENANCE_COLUMNS]], target)
    return len(joined)


def build_file_table(folder: Path, image_folders: Sequence[str] = CLASS_FOLDERS) -> pd.DataFrame:
    """Path, size and hash of every image in the folders `leaves`; all that the table of the yes/no set says."""
    rows = [
        (path, (folder / path).stat().st_size, sha256_file(folder / path))
        for path in find_images(folder, image_folders)
    ]
    return pd.DataFrame(rows, columns=list(_FILE_COLUMNS))


def save_file_table(file_table: pd.DataFrame, target: Path) -> None:
    """Write a table of expected files; equal tables give equal bytes."""
    packing = {"method": "gzip", "mtime": 0} if target.suffix == ".gz" else None
    file_table.to_csv(target, index=False, compression=packing)
