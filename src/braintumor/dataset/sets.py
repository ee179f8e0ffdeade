"""The image sets that can be fetched: what each is called, how its files lie, and the table of what it should hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from braintumor.dataset.files import FOLDERS, LEAVES
from braintumor.dataset.table import KAGGLE_HANDLE, PROVENANCE, SHIPPED
from braintumor.vocabulary import TUMOR, TumorClass


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
    roots: tuple[str, ...]
    leaves: tuple[str, ...]
    table: Path
    provenance: tuple[str, ...] = ()
    command: str = "braintumor data fetch"

    def expecting(self, table: Path | None) -> "ImageSet":
        """The same set with another table of expected files; itself where none is given."""
        return self if table is None else replace(self, table=table)


KAGGLE: Final = ImageSet(
    "the Kaggle set of four classes", KAGGLE_HANDLE, "brain-tumor-mri-dataset", FOLDERS, LEAVES, SHIPPED, PROVENANCE
)

# The label each folder of the yes/no set stands for.
YES_NO_LABELS: Final = {"no": str(TumorClass.NOTUMOR), "yes": TUMOR}
YES_NO: Final = ImageSet(
    title="the yes/no set",
    handle="navoneel/brain-mri-images-for-brain-tumor-detection",
    folder="brain-tumor-yes-no",
    roots=tuple(YES_NO_LABELS),
    leaves=tuple(YES_NO_LABELS),
    table=SHIPPED.with_name("yes-no.csv.gz"),
    command="braintumor data fetch --yes-no",
)


def learnt_from(card: Mapping[str, Any]) -> ImageSet:
    """The set a version learnt from, by the recipe in its card."""
    recipe = card.get("recipe")
    return YES_NO if isinstance(recipe, Mapping) and recipe.get("data") == "yes-no" else KAGGLE
