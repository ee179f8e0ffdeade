"""The image sets that can be fetched: what each is called, how its files lie, and the table of what it should hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from braintumor.dataset.files import CLASS_FOLDERS, SPLIT_FOLDERS
from braintumor.dataset.table import KAGGLE_FILE_TABLE, KAGGLE_HANDLE, PROVENANCE_COLUMNS
from braintumor.vocabulary import TUMOR_LABEL, TumorClass


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


def training_dataset(card: Mapping[str, Any]) -> ImageSet:
    """The set a version learnt from, by the recipe in its card."""
    recipe = card.get("recipe")
    return BINARY_SET if isinstance(recipe, Mapping) and recipe.get("data") == "yes-no" else KAGGLE
