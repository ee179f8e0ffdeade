"""The binary image set, labelled tumour or no tumour only: its manifest, groups and splits."""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import BINARY_FOLDER_LABELS, BINARY_SET, find_images
from braintumor.datasets.manifest import MANIFEST_COLUMNS
from braintumor.datasets.near_duplicates import find_near_duplicates, read_file_metadata
from braintumor.datasets.splits import assign_groups, assign_splits
from braintumor.enums import Plane, Protocol, Split
from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file, write_atomically
from braintumor.process_pool import process_pool
from braintumor.settings import Settings, get_settings

BINARY_ORIGIN: Final = "navoneel"
# The split used by the first published models on this set.
BINARY_SPLIT_COUNTS: Final = {Split.TRAIN: 176, Split.VALIDATION: 26, Split.TEST: 51}
BINARY_SPLIT_FRACTIONS: Final = {
    split: count / sum(BINARY_SPLIT_COUNTS.values()) for split, count in BINARY_SPLIT_COUNTS.items()
}


@dataclass(frozen=True, slots=True)
class BinarySet:
    """All readable images of the set.

    Attributes
    ----------
    manifest : DataFrame
        The columns of the main manifest. Plane and patient are unknown, there are no masks, and `split` is still
        empty. Images of one `group` are near-duplicates of each other.
    hashes : ndarray of uint64, shape (n, 8, 2)
        Perceptual hashes in all eight orientations.
    """

    manifest: pd.DataFrame
    hashes: NDArray[np.uint64]


def binary_set_folder(settings: Settings | None = None) -> Path:
    """Return the folder of the set, which holds `yes` and `no`."""
    return (settings or get_settings()).inputs / BINARY_SET.folder


def binary_set_paths(settings: Settings | None = None) -> list[str]:
    """List the set's files relative to its folder; empty if the set is missing."""
    return find_images(binary_set_folder(settings), BINARY_SET.image_folders)


def read_binary_set(settings: Settings | None = None) -> BinarySet:
    """Read the whole set once, in parallel.

    Raises
    ------
    DatasetError
        The set is missing, or none of its files can be read.
    """
    settings = settings or get_settings()
    folder, paths = binary_set_folder(settings), binary_set_paths(settings)
    with process_pool(settings) as pool:
        files = list(pool.map(partial(read_file_metadata, folder, settings=settings), paths, chunksize=16))
    images = [file for file in files if not file.error]
    if not images:
        raise DatasetError(f"There are no images in {folder.name}. Get them with: {BINARY_SET.command}")
    columns = ["path", "sha256", "width", "height", "mode"]
    manifest = pd.DataFrame([[getattr(image, c) for c in columns] for image in images], columns=columns)
    manifest["label"] = manifest["path"].str.split("/").str[0].map(BINARY_FOLDER_LABELS)
    manifest = manifest.assign(
        origin=BINARY_ORIGIN, plane=str(Plane.UNKNOWN), patient="", original_split="", split="", has_mask=False
    )
    hashes = np.array([image.hashes for image in images], np.uint64)
    manifest["group"] = assign_groups(manifest, find_near_duplicates(hashes))
    return BinarySet(manifest[list(MANIFEST_COLUMNS)], hashes)


def load_binary_manifest(protocol: Protocol, settings: Settings | None = None, seed: int = 0) -> pd.DataFrame:
    """Load the manifest of the set, split by a protocol in the fractions of `BINARY_SPLIT_FRACTIONS`.

    `random` splits single images stratified by label, as the first published models did; `group` keeps near-duplicates
    on one side. The manifest is cached in `inputs/.cache` until a file changes.

    Raises
    ------
    DatasetError
        The set is missing, has too few independent images, or has no split of this protocol.
    """
    if protocol is Protocol.OFFICIAL:
        raise DatasetError(
            "The binary set has no official split: it is published as the folders yes and no only. Use the protocol "
            "group, or random for the split of the first published models."
        )
    settings = settings or get_settings()
    manifest = _load_cached_manifest(settings)
    return manifest.assign(split=assign_splits(manifest, protocol, seed, BINARY_SPLIT_FRACTIONS))


def _load_cached_manifest(settings: Settings) -> pd.DataFrame:
    folder, paths = binary_set_folder(settings), binary_set_paths(settings)
    content = json.dumps([[path, sha256_file(folder / path)] for path in paths])
    cache = settings.cache_folder / f"yes-no-{hashlib.sha256(content.encode()).hexdigest()[:16]}.csv"
    if not cache.is_file():
        write_atomically(cache, read_binary_set(settings).manifest.to_csv(index=False, lineterminator="\n"))
    whole = {"width": int, "height": int}
    return pd.read_csv(cache, dtype=str, keep_default_na=False).astype(whole).assign(has_mask=False)
