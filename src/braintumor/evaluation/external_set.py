"""External validation set: brain MRI from another source, without near-duplicates of the training dataset."""

import hashlib
import json
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from braintumor.datasets.binary_set import binary_set_folder, binary_set_paths, read_binary_set
from braintumor.datasets.catalog import BINARY_SET
from braintumor.datasets.near_duplicates import MAX_DISTANCE, nearest_hash_distance, read_file_metadata
from braintumor.fileio import sha256_file, write_atomically
from braintumor.process_pool import process_pool
from braintumor.settings import Settings

EXTERNAL_FOLDER: Final = BINARY_SET.folder
EXTERNAL_LABELS: Final = BINARY_SET.image_folders


def has_external_set(settings: Settings) -> bool:
    """Check whether the external set is available."""
    return all((settings.inputs / EXTERNAL_FOLDER / label).is_dir() for label in EXTERNAL_LABELS)


def index_external_images(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """List the readable images of the external set with their distance to the dataset, cached in `inputs/.cache`.

    Returns
    -------
    DataFrame
        `path` (relative to the folder), `label` (`yes` or `no`), `bits` (smallest hash distance to an image of the
        manifest in any orientation), `new` (no near-duplicate of any of them) and `cluster` (shared by near-duplicates
        with the same label).
    """
    folder, paths = binary_set_folder(settings), binary_set_paths(settings)
    content = json.dumps([paths, [sha256_file(folder / path) for path in paths], sorted(manifest["sha256"])])
    cache = settings.cache_folder / f"outside-{hashlib.sha256(content.encode()).hexdigest()[:16]}.csv"
    if not cache.is_file():
        write_atomically(cache, _compute_external_index(manifest, settings).to_csv(index=False, lineterminator="\n"))
    return pd.read_csv(cache, dtype={"path": str, "label": str})


def select_new_tumors(images: pd.DataFrame) -> pd.DataFrame:
    """Select the `yes` images without a near-duplicate in the manifest; each cluster becomes a `group`."""
    tumors = images[images["new"] & (images["label"] == "yes")]
    return tumors.assign(group="outside " + tumors["cluster"].astype(str))


def _compute_external_index(dataset_manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    read = partial(read_file_metadata, settings.dataset, settings=settings)
    with process_pool(settings) as pool:
        reference = [
            metadata.hashes[0]
            for metadata in pool.map(read, dataset_manifest["path"], chunksize=64)
            if not metadata.error
        ]
    image_set = read_binary_set(settings)
    manifest = image_set.manifest
    bits = nearest_hash_distance(image_set.hashes, np.array(reference, np.uint64).reshape(-1, 2))
    return pd.DataFrame(
        {
            "path": manifest["path"],
            "label": manifest["path"].str.split("/").str[0],
            "bits": bits,
            "new": bits > MAX_DISTANCE,
            "cluster": pd.factorize(manifest["group"])[0],
        }
    )
