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

from braintumor.dataset.facts import read_facts
from braintumor.dataset.sets import YES_NO
from braintumor.dataset.twins import MAX_DISTANCE
from braintumor.dataset.yes_no import read_pictures, yes_no_folder, yes_no_paths
from braintumor.files import sha256_of, write_atomically
from braintumor.settings import Settings

FOLDER: Final = YES_NO.folder
LABELS: Final = YES_NO.leaves
_BITS: Final = 128


def outside_facts(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A row per outside picture, found by hashes as the audit finds twins, and kept in `inputs/.cache`.

    Returns
    -------
    DataFrame
        `path` (relative to the folder), `label` (`yes` or `no`), `bits` (distance in bits to the nearest image of the
        manifest, in any orientation), `new` (farther from all of them than a near copy) and `cluster` (pictures of one
        label that are near copies of each other share it). Pictures that cannot be read are left out.
    """
    folder, paths = yes_no_folder(settings), yes_no_paths(settings)
    content = json.dumps([paths, [sha256_of(folder / path) for path in paths], sorted(manifest["sha256"])])
    cache = settings.cache_folder / f"outside-{hashlib.sha256(content.encode()).hexdigest()[:16]}.csv"
    if not cache.is_file():
        write_atomically(cache, _facts(manifest, settings).to_csv(index=False, lineterminator="\n"))
    return pd.read_csv(cache, dtype={"path": str, "label": str})


def at_hand(settings: Settings) -> bool:
    """Whether the outside pictures are there."""
    return all((settings.inputs / FOLDER / label).is_dir() for label in LABELS)


def new_tumors(facts: pd.DataFrame) -> pd.DataFrame:
    """The `yes` pictures that are copies of nothing in the manifest, each cluster a `group` of its own name."""
    chosen = facts[facts["new"] & (facts["label"] == "yes")]
    return chosen.assign(group="outside " + chosen["cluster"].astype(str))


def _facts(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    read = partial(read_facts, settings.dataset, settings=settings)
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        known = [facts.hashes[0] for facts in pool.map(read, manifest["path"], chunksize=64) if not facts.error]
    pictures = read_pictures(settings)
    own = pictures.manifest
    bits = nearest(pictures.hashes, np.array(known, np.uint64).reshape(-1, 2))
    return pd.DataFrame(
        {
            "path": own["path"],
            "label": own["path"].str.split("/").str[0],
            "bits": bits,
            "new": bits > MAX_DISTANCE,
            "cluster": pd.factorize(own["group"])[0],
        }
    )


def nearest(turned: NDArray[np.uint64], upright: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Smallest distance in bits of each picture, in any of its orientations (n, 8, 2), to any of (m, 2)."""
    found = np.full(len(turned), _BITS, np.int64)
    for i, hashes in enumerate(turned):
        bits = np.bitwise_count(hashes[:, None] ^ upright[None]).sum(axis=2, dtype=np.int64)
        found[i] = bits.min(initial=_BITS)
    return found
