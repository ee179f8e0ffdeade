"""The outside pictures: which are copies of images of the training set, and which of each other."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.dataset.facts import read_file_metadata
from braintumor.dataset.sets import BINARY_SET
from braintumor.dataset.twins import MAX_DISTANCE
from braintumor.dataset.yes_no import binary_set_folder, binary_set_paths, read_binary_set
from braintumor.files import sha256_file, write_atomically
from braintumor.settings import Settings

EXTERNAL_FOLDER: Final = BINARY_SET.folder
EXTERNAL_LABELS: Final = BINARY_SET.image_folders
_HASH_BITS: Final = 128


def index_external_images(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A row per outside picture, found by hashes as the audit finds twins, and kept in `inputs/.cache`.

    Returns
    -------
    DataFrame
        `path` (relative to the folder), `label` (`yes` or `no`), `bits` (distance in bits to the nearest image of the
        manifest, in any orientation), `new` (farther from all of them than a near copy) and `cluster` (pictures of one
        label that are near copies of each other share it). Pictures that cannot be read are left out.
    """
    folder, paths = binary_set_folder(settings), binary_set_paths(settings)
    content = json.dumps([paths, [sha256_file(folder / path) for path in paths], sorted(manifest["sha256"])])
    cache = settings.cache_folder / f"outside-{hashlib.sha256(content.encode()).hexdigest()[:16]}.csv"
    if not cache.is_file():
        write_atomically(cache, _compute_external_index(manifest, settings).to_csv(index=False, lineterminator="\n"))
    return pd.read_csv(cache, dtype={"path": str, "label": str})


def has_external_set(settings: Settings) -> bool:
    """Whether the outside pictures are there."""
    return all((settings.inputs / EXTERNAL_FOLDER / label).is_dir() for label in EXTERNAL_LABELS)


def select_new_tumors(images: pd.DataFrame) -> pd.DataFrame:
    """The `yes` pictures that are copies of nothing in the manifest, each cluster a `group` of its own name."""
    chosen = images[images["new"] & (images["label"] == "yes")]
    return chosen.assign(group="outside " + chosen["cluster"].astype(str))


def _compute_external_index(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    read = partial(read_file_metadata, settings.dataset, settings=settings)
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        known = [facts.hashes[0] for facts in pool.map(read, manifest["path"], chunksize=64) if not facts.error]
    pictures = read_binary_set(settings)
    own = pictures.manifest
    bits = nearest_hash_distance(pictures.hashes, np.array(known, np.uint64).reshape(-1, 2))
    return pd.DataFrame(
        {
            "path": own["path"],
            "label": own["path"].str.split("/").str[0],
            "bits": bits,
            "new": bits > MAX_DISTANCE,
            "cluster": pd.factorize(own["group"])[0],
        }
    )


def nearest_hash_distance(
    oriented_hashes: NDArray[np.uint64], reference_hashes: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Smallest distance in bits of each picture, in any of its orientations (n, 8, 2), to any of (m, 2)."""
    found = np.full(len(oriented_hashes), _HASH_BITS, np.int64)
    for i, hashes in enumerate(oriented_hashes):
        bits = np.bitwise_count(hashes[:, None] ^ reference_hashes[None]).sum(axis=2, dtype=np.int64)
        found[i] = bits.min(initial=_HASH_BITS)
    return found
