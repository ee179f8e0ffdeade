"""The expected files of an image set: path, size, hash, and where each image came from (provenance)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, TumorClass
from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file

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


@dataclass(frozen=True, slots=True)
class ImageSet:
    """A public image set.

    Attributes
    ----------
    title : str
        What a page calls it.
    handle : str
        Owner and name on Kaggle.
    folder : str
        Where it lies in `inputs/`.
    roots : tuple of str
        Folders that lie side by side in its root, by which it is found in a download or zip.
    leaves : tuple of str
        Folders that hold its images, relative to its root.
    table : Path
        Table of the files it should hold.
    provenance : tuple of str
        What the table says of each file beside path, size and hash.
    command : str
        The command that fetches it.
    """

    title: str
    handle: str
    folder: str
    marker_folders: tuple[str, ...]
    image_folders: tuple[str, ...]
    file_table: Path
    provenance: tuple[str, ...] = ()
    command: str = "braintumor data fetch"

    def with_file_table(self, file_table: Path | None) -> "ImageSet":
        """The same set with another table of expected files; itself where none is given."""
        return self if file_table is None else replace(self, file_table=file_table)


KAGGLE: Final = ImageSet(
    "the Kaggle set of four classes",
    KAGGLE_HANDLE,
    "brain-tumor-mri-dataset",
    SPLIT_FOLDERS,
    CLASS_FOLDERS,
    KAGGLE_FILE_TABLE,
    PROVENANCE_COLUMNS,
)

# The label each folder of the yes/no set stands for.
BINARY_FOLDER_LABELS: Final = {"no": str(TumorClass.NOTUMOR), "yes": TUMOR_LABEL}
BINARY_SET: Final = ImageSet(
    title="the yes/no set",
    handle="navoneel/brain-mri-images-for-brain-tumor-detection",
    folder="brain-tumor-yes-no",
    marker_folders=tuple(BINARY_FOLDER_LABELS),
    image_folders=tuple(BINARY_FOLDER_LABELS),
    file_table=KAGGLE_FILE_TABLE.with_name("yes-no.csv.gz"),
    command="braintumor data fetch --yes-no",
)


def training_dataset(recipe: Mapping[str, Any]) -> ImageSet:
    """Return the image set that a model was trained on, from the recipe in its card."""
    return BINARY_SET if recipe.get("data") == "yes-no" else KAGGLE
