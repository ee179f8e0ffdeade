"""Answers of a version to scans, the same scans for all: kept on disk as they come, so that none is asked for twice."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.binary_set import binary_set_folder, load_binary_manifest
from braintumor.datasets.near_duplicates import MAX_DISTANCE, nearest_hash_distance, read_file_metadata
from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, Protocol, Split
from braintumor.fileio import sha256_file, write_atomically
from braintumor.imaging import preprocess, read_scan
from braintumor.inference.decision import tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.registry import Artifact
from braintumor.settings import Settings
from braintumor.training.data import COMPARISON_SEED, manifest_with_split

# Small, since one frame of a large network holds much memory while it passes through.
_BATCH_SIZE: Final = 8
_SAVE_EVERY: Final = 8  # batches
_CACHE_COLUMNS: Final = ("path", *(f"p_{name}" for name in CLASS_NAMES), "verdict")


@dataclass(frozen=True)
class TestScans:
    """Scans that several versions are asked about: the rows of the manifest that are in the test split by group."""

    manifest: pd.DataFrame

    @classmethod
    def load(cls, settings: Settings) -> "TestScans":
        """Those of the test split by group.

        Raises
        ------
        DatasetError
            There is no manifest, or it has not been split yet.
        """
        manifest = manifest_with_split(Protocol.GROUP, settings)
        return cls(manifest[manifest["split"] == str(Split.TEST)].reset_index(drop=True))

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Index into the fixed class order."""
        return np.array([CLASS_NAMES.index(label) for label in self.manifest["label"]], np.int64)

    @property
    def is_tumor(self) -> NDArray[np.bool_]:
        """Whether there is a tumour of any kind."""
        return np.asarray(self.labels != NO_TUMOR_INDEX)

    @property
    def groups(self) -> NDArray[np.object_]:
        """Group of each scan."""
        return self.manifest["group"].to_numpy(object)

    def select(self, rows: NDArray[np.int64]) -> "TestScans":
        """Some of them."""
        return TestScans(self.manifest.iloc[rows].reset_index(drop=True))

    def paths(self, settings: Settings) -> list[Path]:
        """Where each scan lies."""
        return [settings.dataset / path for path in self.manifest["path"]]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a version says of scans, in their order.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n, 4)
        Calibrated, in the fixed class order.
    verdicts : ndarray of Verdict, shape (n,)
    """

    probabilities: NDArray[np.float64]
    verdicts: NDArray[np.object_]

    @property
    def tumor_probability(self) -> NDArray[np.float64]:
        """Calibrated tumour probability."""
        return tumor_probability(self.probabilities)

    def select(self, rows: NDArray[np.int64]) -> "Predictions":
        """Those to some of the scans."""
        return Predictions(self.probabilities[rows], self.verdicts[rows])


def predict_cached(
    artifact: Artifact, paths: Sequence[Path], set_name: str, work: Path, settings: Settings, *, restart: bool = False
) -> Predictions:
    """Read scans with a version, or go on from where an earlier run was stopped.

    Answers lie in `<work>/<what>-<version>-<hash>.csv`; the hash is of all that decides an answer: the model and its
    card, and the scans.

    Parameters
    ----------
    what : str
        Name of this set of scans.
    restart : bool
        Ask again what was asked before.
    """
    version = artifact.folder.name
    file = work / f"{set_name}-{version}-{_cache_key(artifact, paths)}.csv"
    rows = [] if restart else _read_cache(file)
    if len(rows) < len(paths):
        detector = Detector(artifact, settings)
        left = paths[len(rows) :]
        with tqdm(total=len(paths), initial=len(rows), desc=f"{version}: {set_name}", unit="scan", disable=None) as bar:
            for number, batch in enumerate(_iter_batches(left), start=1):
                rows += _predict_batch(detector, batch, settings)
                if number % _SAVE_EVERY == 0 or len(rows) == len(paths):
                    _write_cache(file, rows)
                bar.update(len(batch))
    return Predictions(
        np.array([row[1:-1] for row in rows], np.float64).reshape(len(rows), len(CLASS_NAMES)),
        np.array([row[-1] for row in rows], object),
    )


def _cache_key(artifact: Artifact, paths: Iterable[Path]) -> str:
    content = [
        artifact.card.fingerprint,
        artifact.card.input_spec.to_dict(),
        [sha256_file(path) for path in paths],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _iter_batches(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for start in range(0, len(paths), _BATCH_SIZE):
        yield paths[start : start + _BATCH_SIZE]


def _predict_batch(detector: Detector, paths: Sequence[Path], settings: Settings) -> list[list[str]]:
    from braintumor.evaluation.evaluate import verdicts_of

    contract = detector.artifact.card.input_spec
    frames = np.stack([preprocess(read_scan(path, settings=settings), contract)[0] for path in paths])
    outputs = detector.infer(frames)
    probabilities = detector.probabilities(outputs)
    verdicts = verdicts_of(detector, outputs, probabilities, frames)
    return [
        [path.name, *map(repr, row), str(verdict)]
        for path, row, verdict in zip(paths, probabilities.tolist(), verdicts, strict=True)
    ]


def _write_cache(file: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_CACHE_COLUMNS, *rows])
    write_atomically(file, text.getvalue())


def _read_cache(file: Path) -> list[list[str]]:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.reader(stream))[1:]
    except OSError:
        return []


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
