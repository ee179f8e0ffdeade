"""The outside pictures: which are copies of images of the training set, and which of each other."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from braintumor.dataset.files import sha256_of, write_atomically
from braintumor.dataset.groups import joined
from braintumor.dataset.twins import MAX_DISTANCE, find_twins, orientation_hashes
from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.settings import Settings

FOLDER: Final = "brain-tumor-yes-no"
LABELS: Final = ("no", "yes")
_BITS: Final = 128


def outside_facts(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A row per outside picture, found by hashes as the audit finds twins, and kept in `inputs/.cache`.

    Returns
    -------
    DataFrame
        `path` (relative to the folder), `label`, `bits` (distance in bits to the nearest image of the manifest, in any
        orientation), `new` (farther from all of them than a near copy) and `cluster` (pictures of one label that are
        near copies of each other share it). Pictures that cannot be read are left out.
    """
    folder = settings.inputs / FOLDER
    paths = [p.relative_to(folder).as_posix() for label in LABELS for p in sorted((folder / label).glob("*.*"))]
    content = json.dumps([paths, [sha256_of(folder / path) for path in paths], sorted(manifest["sha256"])])
    cache = settings.inputs / ".cache" / f"outside-{hashlib.sha256(content.encode()).hexdigest()[:16]}.csv"
    if not cache.is_file():
        write_atomically(cache, _facts(folder, paths, manifest, settings).to_csv(index=False, lineterminator="\n"))
    return pd.read_csv(cache, dtype={"path": str, "label": str})


def _facts(folder: Path, paths: list[str], manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        own = list(pool.map(partial(_hashes, settings), [folder / path for path in paths], chunksize=16))
        known = list(
            pool.map(partial(_hashes, settings), [settings.dataset / p for p in manifest["path"]], chunksize=64)
        )
    readable = [i for i, hashes in enumerate(own) if hashes is not None]
    table = pd.DataFrame({"path": [paths[i] for i in readable]})
    table["label"] = table["path"].str.split("/").str[0]
    turned = np.stack([own[i] for i in readable])  # type: ignore[misc]
    table["bits"] = nearest(turned, np.stack([hashes[0] for hashes in known if hashes is not None]))
    table["new"] = table["bits"] > MAX_DISTANCE
    table["cluster"] = clusters(turned, table["label"].to_numpy(object))
    return table


def _hashes(settings: Settings, path: Path) -> NDArray[np.uint64] | None:
    try:
        return orientation_hashes(Image.fromarray(read_scan(path, settings=settings).to_uint8()))
    except ScanError:
        return None


def nearest(turned: NDArray[np.uint64], upright: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Smallest distance in bits of each picture, in any of its orientations (n, 8, 2), to any of (m, 2)."""
    found = np.full(len(turned), _BITS, np.int64)
    for i, hashes in enumerate(turned):
        bits = np.bitwise_count(hashes[:, None] ^ upright[None]).sum(axis=2, dtype=np.int64)
        found[i] = bits.min(initial=_BITS)
    return found


def clusters(turned: NDArray[np.uint64], labels: NDArray[np.object_]) -> NDArray[np.int64]:
    """Number of the cluster of near copies of one label that each picture belongs to."""
    pairs = find_twins(turned)
    alike = pairs[labels[pairs["a"]] == labels[pairs["b"]]]
    return joined(len(turned), list(zip(alike["a"].tolist(), alike["b"].tolist(), strict=True)))
