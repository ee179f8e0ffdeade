"""Copies: which of the scans that all are judged on a version of the yes/no set has learnt from, nearly."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from braintumor.dataset.facts import read_facts
from braintumor.dataset.twins import MAX_DISTANCE
from braintumor.dataset.yes_no import yes_no_folder, yes_no_manifest
from braintumor.evaluation.compare_answers import Scans
from braintumor.evaluation.outside_set import nearest
from braintumor.files import write_atomically
from braintumor.settings import Settings
from braintumor.training.data import COMPARISON_SEED
from braintumor.vocabulary import Protocol, Split


def near_copies(scans: Scans, protocol: Protocol, work: Path, settings: Settings) -> NDArray[np.bool_]:
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
    pictures = yes_no_manifest(protocol, settings, COMPARISON_SEED)
    learnt = pictures[pictures["split"] == str(Split.TRAIN)]
    content = "\n".join([*scans.manifest["sha256"], "", *learnt["sha256"]])
    kept = work / f"copies-{hashlib.sha256(content.encode()).hexdigest()[:16]}.json"
    if not kept.is_file():
        bits = _distances(scans, [str(path) for path in learnt["path"]], settings)
        write_atomically(kept, json.dumps(bits.tolist()) + "\n")
    return np.array(json.loads(kept.read_text(encoding="utf-8")), np.int64) <= MAX_DISTANCE


def _distances(scans: Scans, pictures: list[str], settings: Settings) -> NDArray[np.int64]:
    """Bits from each scan to the nearest picture."""
    folder = yes_no_folder(settings)
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        asked = pool.map(partial(read_facts, settings.dataset, settings=settings), scans.manifest["path"], chunksize=64)
        turned = np.array([facts.hashes for facts in asked], np.uint64)
        known = pool.map(partial(read_facts, folder, settings=settings), pictures, chunksize=16)
        upright = np.array([facts.hashes[0] for facts in known], np.uint64)
    return nearest(turned, upright)
