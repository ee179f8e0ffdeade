"""Copies: which of the scans that all are judged on a version of the yes/no set has learnt from, nearly."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from braintumor.dataset.facts import read_file_metadata
from braintumor.dataset.twins import MAX_DISTANCE
from braintumor.dataset.yes_no import binary_set_folder, load_binary_manifest
from braintumor.evaluation.compare_answers import TestScans
from braintumor.evaluation.outside_set import nearest_hash_distance
from braintumor.files import write_atomically
from braintumor.settings import Settings
from braintumor.training.data import COMPARISON_SEED
from braintumor.vocabulary import Protocol, Split


def flag_training_near_duplicates(
    scans: TestScans, protocol: Protocol, work: Path, settings: Settings
) -> NDArray[np.bool_]:
    """Which scans are near copies, in any orientation, of a picture of the yes/no set that was learnt from.

    Parameters
    ----------
    protocol : Protocol
        How the pictures were dealt when the version was trained.
    work : Path
        Where the answer is kept until a scan or a picture changes.

    Raises
    ------
    DatasetError
        The yes/no set is not there.
    """
    pictures = load_binary_manifest(protocol, settings, COMPARISON_SEED)
    learnt = pictures[pictures["split"] == str(Split.TRAIN)]
    content = "\n".join([*scans.manifest["sha256"], "", *learnt["sha256"]])
    kept = work / f"copies-{hashlib.sha256(content.encode()).hexdigest()[:16]}.json"
    if not kept.is_file():
        bits = _hash_distances(scans, [str(path) for path in learnt["path"]], settings)
        write_atomically(kept, json.dumps(bits.tolist()) + "\n")
    return np.array(json.loads(kept.read_text(encoding="utf-8")), np.int64) <= MAX_DISTANCE


def _hash_distances(scans: TestScans, image_paths: list[str], settings: Settings) -> NDArray[np.int64]:
    """Bits from each scan to the nearest picture."""
    folder = binary_set_folder(settings)
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        asked = pool.map(
            partial(read_file_metadata, settings.dataset, settings=settings), scans.manifest["path"], chunksize=64
        )
        turned = np.array([facts.hashes for facts in asked], np.uint64)
        known = pool.map(partial(read_file_metadata, folder, settings=settings), image_paths, chunksize=16)
        upright = np.array([facts.hashes[0] for facts in known], np.uint64)
    return nearest_hash_distance(turned, upright)
