"""The external image sets: licence, origin and how to get each, and the table of their files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import KAGGLE_FILE_TABLE, ImageSet, load_file_table
from braintumor.datasets.masks import read_mask
from braintumor.settings import Settings, get_settings

EXTERNAL_FILE_TABLE: Final = KAGGLE_FILE_TABLE.with_name("external.csv.gz")
EXTERNAL_COMMAND: Final = "braintumor data fetch --external --from FOLDER"
TABLE_COLUMNS: Final = ("url", "label", "plane", "contrast", "patient", "slice_height", "condition")
# Subfolders of a set.
IMAGES, MASKS, VOLUMES = "images", "masks", "volumes"
SKULL_STRIPPED: Final = "skull-stripped"  # a condition of images
SLICES_SUFFIX: Final = "-slices"
"""Suffix of the folder of slices cut from the volumes of a set."""

EXTERNAL_SET: Final = ImageSet(
    title="the external image sets",
    handle="",
    folder="external",
    marker_folders=(),
    image_folders=(),
    file_table=EXTERNAL_FILE_TABLE,
    provenance=TABLE_COLUMNS,
    command=EXTERNAL_COMMAND,
)


@dataclass(frozen=True, slots=True)
class ExternalSet:
    """One external source.

    Attributes
    ----------
    name : str
        Folder in `inputs/external` and `origin` in the manifest.
    title : str
        Original collection.
    licence : str
        SPDX expression. Every licence joined by `AND` applies, to the images, masks, labels or packaging.
    address : str
        Page of the original collection.
    access : str
        What stands between that page and the files, in a few words; empty for a plain download.
    are_patients_known : bool
        Whether the source itself numbers people. Near-duplicates of different people are then coincidences.
    has_only_tumor_patients : bool
        Whether everyone has a tumour, also those of whom the selected slices show none.
    """

    name: str
    title: str
    licence: str
    address: str
    access: str = ""
    are_patients_known: bool = False
    has_only_tumor_patients: bool = False


_TCIA: Final = "https://www.cancerimagingarchive.net"
_SETS: Final = (
    ExternalSet(
        "brats21_t2", "TCIA BraTS 2021", "CC-BY-4.0", f"{_TCIA}/analysis-result/rsna-asnr-miccai-brats-2021/",
        "needs the Aspera client", has_only_tumor_patients=True,
    ),
    ExternalSet(
        "btp_t1c", "TCIA Brain-Tumor-Progression", "CC-BY-3.0", f"{_TCIA}/collection/brain-tumor-progression/",
        "may need an access request", are_patients_known=True, has_only_tumor_patients=True,
    ),
    ExternalSet(
        "ds000011", "OpenNeuro ds000011", "PDDL-1.0", "https://openneuro.org/datasets/ds000011",
        are_patients_known=True,
    ),
    ExternalSet(
        "ds002748_t1", "OpenNeuro ds002748", "CC0-1.0", "https://openneuro.org/datasets/ds002748",
        are_patients_known=True,
    ),
    # The images are CC BY 3.0; the masks, and the labels of slices derived from them, are non-commercial.
    ExternalSet(
        "lgg_other", "Kaggle LGG segmentation, from TCIA TCGA-LGG", "CC-BY-3.0 AND CC-BY-NC-SA-4.0",
        "https://www.kaggle.com/datasets/mateuszbuda/lgg-mri-segmentation", "needs a Kaggle account",
        are_patients_known=True, has_only_tumor_patients=True,
    ),
    ExternalSet(
        "openms_ljubljana", "University of Ljubljana multiple sclerosis data", "CC-BY-4.0",
        "https://github.com/muschellij2/open_ms_data",
    ),
    # The scans at TCIA are CC BY 4.0, but this packaging is AGPL and its source fell under the terms of a competition.
    ExternalSet(
        "rsna_brats21_t1c", "Ultralytics brain-tumor, from RSNA-MICCAI 2021",
        "CC-BY-4.0 AND AGPL-3.0 AND LicenseRef-RSNA-MICCAI-2021", "https://docs.ultralytics.com/datasets/detect/brain-tumor/",
        has_only_tumor_patients=True,
    ),
    ExternalSet(
        "yale_mets_t2", "TCIA Pretreat-MetsToBrain-Masks", "CC-BY-4.0",
        f"{_TCIA}/collection/pretreat-metstobrain-masks/", "needs the Aspera client",
        has_only_tumor_patients=True,
    ),
)  # fmt: skip
EXTERNAL_SETS: Final = {external_set.name: external_set for external_set in _SETS}


def external_folder(settings: Settings | None = None) -> Path:
    """Return the folder of the external sets, `inputs/external`; paths of their manifest are relative to it."""
    return (settings or get_settings()).inputs / EXTERNAL_SET.folder


def load_external_table(path: Path | None = None) -> pd.DataFrame:
    """Read the table of expected files: images, masks and volumes, with what is known about each image.

    Returns
    -------
    DataFrame
        `path`, `bytes`, `sha256`, `set`, and the columns of `TABLE_COLUMNS` as text. `url` is empty for slices that
        were selected and converted from their collection, which has no file with their bytes.

    Raises
    ------
    DatasetError
        The table is missing or lacks a column.
    """
    table = load_file_table(path or EXTERNAL_FILE_TABLE, TABLE_COLUMNS)
    return table.assign(set=table["path"].str.split("/").str[0])


def allows_licence(licence: str, families: tuple[str, ...]) -> bool:
    """Check whether every part of an SPDX expression belongs to one of the licence families, such as `CC-BY`."""
    return all(part.rsplit("-", 1)[0] in families for part in licence.split(" AND "))


def mask_path(image_path: str) -> str:
    """Return the path of the mask of an image of an external set; both are relative to `inputs/external`."""
    path = Path(image_path)
    return (path.parent.parent / MASKS / f"{path.stem}.png").as_posix()


def is_image(path: str) -> bool:
    """Check whether a path of the table is an image, not a mask or volume."""
    return Path(path).parent.name == IMAGES


def load_external_mask(manifest_row: Mapping[str, Any], settings: Settings) -> NDArray[np.bool_] | None:
    """Load the tumour mask of an external image on its pixel grid, as `load_mask` does for the Kaggle set.

    Returns
    -------
    ndarray of bool, shape (height, width), or None
        None if the image has no mask or the masks were not fetched.
    """
    file = external_folder(settings) / mask_path(manifest_row["path"])
    size = int(manifest_row["width"]), int(manifest_row["height"])
    return read_mask(file, False, size, EXTERNAL_COMMAND) if file.is_file() else None
