"""Cached predictions of a model, so that every scan is predicted only once."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.enums import CLASS_NAMES
from braintumor.fileio import sha256_file, write_atomically
from braintumor.imaging import preprocess, read_scan
from braintumor.inference.decision import tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.registry import Artifact
from braintumor.settings import Settings

# Small, because large networks need much memory per image.
_BATCH_SIZE: Final = 8
_SAVE_EVERY: Final = 8  # batches
_CACHE_COLUMNS: Final = ("path", *(f"p_{name}" for name in CLASS_NAMES), "verdict")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of a model in the order of the scans.

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
        """Select the predictions of some scans."""
        return Predictions(self.probabilities[rows], self.verdicts[rows])


def predict_cached(
    artifact: Artifact, paths: Sequence[Path], set_name: str, work: Path, settings: Settings, *, restart: bool = False
) -> Predictions:
    """Predict scans with a model, or resume an interrupted run.

    Predictions are cached in `<work>/<set_name>-<version>-<hash>.csv`. The hash covers everything that determines them:
    the model, its card and the scans.

    Parameters
    ----------
    set_name : str
        Name of this set of scans.
    restart : bool
        Ignore the cache.
    """
    version = artifact.folder.name
    file = work / f"{set_name}-{version}-{_cache_key(artifact, paths)}.csv"
    rows = [] if restart else _read_cache(file)
    if len(rows) < len(paths):
        detector = Detector(artifact, settings)
        remaining = paths[len(rows) :]
        with tqdm(total=len(paths), initial=len(rows), desc=f"{version}: {set_name}", unit="scan", disable=None) as bar:
            for number, batch in enumerate(_iter_batches(remaining), start=1):
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
    input_spec = detector.artifact.card.input_spec
    model_inputs = np.stack([preprocess(read_scan(path, settings=settings), input_spec)[0] for path in paths])
    outputs = detector.infer(model_inputs)
    probabilities = detector.probabilities(outputs)
    verdicts = detector.verdicts(outputs, probabilities, model_inputs)
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
