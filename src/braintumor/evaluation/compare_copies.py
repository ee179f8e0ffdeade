"""Copies: how many of the scans that all are judged on a version of the yes/no set has learnt from, nearly."""

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from braintumor.dataset.facts import read_facts
from braintumor.dataset.files import write_atomically
from braintumor.dataset.twins import MAX_DISTANCE
from braintumor.dataset.yes_no import yes_no_folder, yes_no_manifest
from braintumor.evaluation.compare_answers import Scans
from braintumor.evaluation.outside_set import nearest
from braintumor.settings import Settings
from braintumor.training.data import COMPARISON_SEED
from braintumor.vocabulary import Protocol, Split


def near_copies(scans: Scans, protocol: Protocol, work: Path, settings: Settings) -> int:
    """How many scans are near copies, in any orientation, of a picture of the yes/no set that was learnt from.

    Parameters
    ----------
    protocol : Protocol
        How the pictures were dealt when the version was trained.
    work : Path
        Where the count is kept until a scan or a picture changes.

    Raises
    ------
    DatasetError
        The yes/no set is not there.
    """
    pictures = yes_no_manifest(protocol, settings, COMPARISON_SEED)
    learnt = pictures[pictures["split"] == str(Split.TRAIN)]
    content = "\n".join([*scans.manifest["sha256"], "", *learnt["sha256"]])
    kept = work / f"copies-{hashlib.sha256(content.encode()).hexdigest()[:16]}.txt"
    if not kept.is_file():
        write_atomically(kept, f"{_count(scans, [str(path) for path in learnt['path']], settings)}\n")
    return int(kept.read_text(encoding="utf-8"))


def _count(scans: Scans, pictures: list[str], settings: Settings) -> int:
    folder = yes_no_folder(settings)
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        asked = pool.map(partial(read_facts, settings.dataset, settings=settings), scans.manifest["path"], chunksize=64)
        turned = np.array([facts.hashes for facts in asked], np.uint64)
        known = pool.map(partial(read_facts, folder, settings=settings), pictures, chunksize=16)
        upright = np.array([facts.hashes[0] for facts in known], np.uint64)
    return int((nearest(turned, upright) <= MAX_DISTANCE).sum())
