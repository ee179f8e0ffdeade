"""Public image sets: their folders, and the expected path, size, hash and provenance of each file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, TumorClass
from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file

TRAINING, TESTING = "Training", "Testing"
SPLIT_FOLDERS: Final = (TRAINING, TESTING)
CLASS_FOLDERS: Final = tuple(f"{split}/{label}" for split in SPLIT_FOLDERS for label in CLASS_NAMES)


def find_images(folder: Path, image_folders: Sequence[str] = CLASS_FOLDERS) -> list[str]:
    """List every file in the image folders: sorted paths relative to `folder`, with `/`."""
    return sorted(
        path.relative_to(folder).as_posix()
        for image_folder in image_folders
        for path in (folder / image_folder).glob("*")
        if path.is_file() and not path.name.startswith(".")
    )


KAGGLE_HANDLE: Final = "masoudnickparvar/brain-tumor-mri-dataset"
KAGGLE_FILE_TABLE: Final = Path(__file__).parent / "tables" / "kaggle.csv.gz"
PROVENANCE_COLUMNS: Final = ("origin", "cheng_slice", "patient", "plane", "brisc_file", "brisc_transform")
_FILE_COLUMNS: Final = ("path", "bytes", "sha256")


def load_file_table(path: Path | None = None, provenance_columns: Sequence[str] = PROVENANCE_COLUMNS) -> pd.DataFrame:
    """Read a table of expected files with provenance columns; by default the shipped table of the Kaggle set.

    Returns
    -------
    DataFrame
        Columns `path` (relative, with `/`), `bytes` (int), `sha256` and the provenance columns (text). Provenance was
        matched by hash and by correlation above 0.97 with the Figshare (Cheng), Br35H, SARTAJ and BRISC collections;
        it is empty where unknown.

    Raises
    ------
    DatasetError
        The table is missing or lacks a column.
    """
    path = path or KAGGLE_FILE_TABLE
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"Cannot read the table of expected files {path.name}: {error}") from error
    missing = {*_FILE_COLUMNS, *provenance_columns} - set(table.columns)
    if missing:
        raise DatasetError(f"The table of expected files {path.name} lacks the columns {sorted(missing)}.")
    return table.astype({"bytes": int})


def write_file_table(folder: Path, provenance: pd.DataFrame, target: Path) -> int:
    """Write the table of the files in `folder` joined with their provenance, and return the number of rows.

    Provenance is joined by split, label and file. The shipped table was created from the Kaggle download this way.
    """
    files = build_file_table(folder)
    files[["split", "label", "file"]] = files["path"].str.split("/", expand=True)
    joined = files.merge(provenance.astype(str), how="left", on=["split", "label", "file"]).fillna("")
    save_file_table(joined[[*_FILE_COLUMNS, *PROVENANCE_COLUMNS]], target)
    return len(joined)


def build_file_table(folder: Path, image_folders: Sequence[str] = CLASS_FOLDERS) -> pd.DataFrame:
    """Return path, size and hash of every image in the image folders, without provenance."""
    rows = [
        (path, (folder / path).stat().st_size, sha256_file(folder / path))
        for path in find_images(folder, image_folders)
    ]
    return pd.DataFrame(rows, columns=list(_FILE_COLUMNS))


def save_file_table(file_table: pd.DataFrame, target: Path) -> None:
    """Write a table of expected files; equal tables give equal bytes."""
    compression = {"method": "gzip", "mtime": 0} if target.suffix == ".gz" else None
    file_table.to_csv(target, index=False, compression=compression)


@dataclass(frozen=True, slots=True)
class ImageSet:
    """A public image set.

    Attributes
    ----------
    title : str
        Name shown on pages.
    handle : str
        Owner and name on Kaggle.
    folder : str
        Folder in `inputs/`.
    marker_folders : tuple of str
        Folders in its root that identify it in a download or ZIP.
    image_folders : tuple of str
        Folders that hold images, relative to the root.
    file_table : Path
        Table of the expected files.
    provenance : tuple of str
        Provenance columns of the table.
    command : str
        Command that fetches the set.
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
        """Return the set with another table of expected files, or unchanged for None."""
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

# Label of each folder of the binary set.
BINARY_FOLDER_LABELS: Final = {"no": str(TumorClass.NOTUMOR), "yes": TUMOR_LABEL}
BINARY_SET: Final = ImageSet(
    title="the binary image set",
    handle="navoneel/brain-mri-images-for-brain-tumor-detection",
    folder="brain-tumor-yes-no",
    marker_folders=tuple(BINARY_FOLDER_LABELS),
    image_folders=tuple(BINARY_FOLDER_LABELS),
    file_table=KAGGLE_FILE_TABLE.with_name("yes-no.csv.gz"),
    command="braintumor data fetch --dataset binary",
)


def evaluation_dataset(recipe: Mapping[str, Any]) -> ImageSet:
    """Return the image set whose validation and test images a model is evaluated on, from the recipe in its card."""
    return BINARY_SET if recipe.get("data") == "yes-no" else KAGGLE
