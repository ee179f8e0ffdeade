"""Read every external image once and write its manifest, with groups and splits by patient."""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.external.grouping import assign_external_groups, assign_external_splits
from braintumor.datasets.external.manifest import write_external_manifest
from braintumor.datasets.external.sets import (
    EXTERNAL_COMMAND,
    EXTERNAL_SETS,
    SKULL_STRIPPED,
    VOLUMES,
    external_folder,
    is_image,
    load_external_table,
    mask_path,
)
from braintumor.datasets.external.volume_slices import read_slices
from braintumor.datasets.manifest import manifest_path, read_manifest
from braintumor.datasets.near_duplicates import FileMetadata, read_file_metadata
from braintumor.errors import DatasetError
from braintumor.process_pool import process_pool
from braintumor.settings import Settings, get_settings

_CHUNK: Final = 32


def audit_external(file_table: Path | None = None, settings: Settings | None = None) -> str:
    """Read every external image once, in parallel, and write `outputs/dataset/external.csv`.

    Near-duplicates are also searched among the images of the Kaggle set if it is present.

    Parameters
    ----------
    file_table : Path, optional
        Table of expected files; the shipped one by default.

    Returns
    -------
    str
        Counts by source and split.

    Raises
    ------
    DatasetError
        There are no external images, or one cannot be read.
    """
    settings = settings or get_settings()
    rows = list_images(load_external_table(file_table), settings)
    if rows.empty:
        raise DatasetError(f"There are no external images in inputs. Get them with: {EXTERNAL_COMMAND}")
    files = _read_files(external_folder(settings), rows["path"].tolist(), settings)
    failed = [file.error for file in files if file.error]
    if failed:
        raise DatasetError(f"{len(failed)} external images cannot be read. {failed[0]} Fetch them again.")
    manifest = rows.assign(**{name: [getattr(file, name) for file in files] for name in _FILE_FIELDS})
    kaggle, kaggle_hashes = _read_kaggle(settings)
    manifest["group"], known_splits = assign_external_groups(manifest, _hashes(files), kaggle, kaggle_hashes)
    manifest["split"] = assign_external_splits(manifest, known_splits)
    write_external_manifest(manifest, settings)
    counts = pd.crosstab([manifest["origin"], manifest["label"]], manifest["split"])
    duplicates = "" if len(kaggle) else "\nThe Kaggle set is absent, so near-duplicates were not searched in it."
    return f"{len(manifest)} external images, {manifest['group'].nunique()} groups.\n{counts.to_string()}{duplicates}"


_FILE_FIELDS: Final = ("sha256", "width", "height", "mode")


def list_images(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """List the external images that are present, prepared or cut from volumes, with what the table says about each."""
    folder = external_folder(settings)
    volumes = table[table["path"].map(lambda path: Path(path).parent.name == VOLUMES)]
    slices = [_list_slices(str(name), part, settings) for name, part in volumes.groupby("set")]
    images: pd.DataFrame = pd.concat([table[table["path"].map(is_image)].assign(field=""), *slices], ignore_index=True)
    images = images[images["path"].map(lambda path: (folder / path).is_file())].sort_values("path", ignore_index=True)
    licences = {name: external_set.licence for name, external_set in EXTERNAL_SETS.items()}
    return images.assign(
        origin=images["set"],
        licence=images["set"].map(licences).fillna("unknown"),
        has_mask=images["path"].map(mask_path).isin(set(table["path"])),
        original_split="",
    )


def _list_slices(set_name: str, volumes: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the slices of a set's volumes as rows of the table."""
    described = volumes.assign(volume=volumes["path"].map(lambda path: Path(path).name))
    described = described[["volume", "set", "label", "contrast", "patient", "condition"]]
    slices = read_slices(set_name, settings).merge(described, on="volume")
    return slices.assign(condition=slices["condition"].mask(slices["is_stripped"] == "true", SKULL_STRIPPED))


def _read_files(folder: Path, paths: list[str], settings: Settings) -> list[FileMetadata]:
    read = partial(read_file_metadata, folder, settings=settings)
    with process_pool(settings) as pool:
        files = pool.map(read, paths, chunksize=_CHUNK)
        return list(tqdm(files, total=len(paths), desc=f"read {folder.name}", unit="file", disable=None))


def _read_kaggle(settings: Settings) -> tuple[pd.DataFrame, NDArray[np.uint64]]:
    """Return the manifest and hashes of the Kaggle images; both are empty if the set or its manifest is absent."""
    if not manifest_path(settings).is_file() or not settings.dataset.is_dir():
        return pd.DataFrame({"label": [], "sha256": [], "group": [], "split": []}, dtype=str), _hashes([])
    manifest = read_manifest(settings)
    files = _read_files(settings.dataset, manifest["path"].tolist(), settings)
    is_readable = np.array([not file.error for file in files])
    return manifest[is_readable].reset_index(drop=True), _hashes([file for file in files if not file.error])


def _hashes(files: list[FileMetadata]) -> NDArray[np.uint64]:
    return np.array([file.hashes for file in files], np.uint64).reshape(-1, 8, 2)
