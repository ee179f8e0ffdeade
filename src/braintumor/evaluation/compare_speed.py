"""Milliseconds from a frame to its verdict, all versions in turn on the same scans in one run."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.evaluation.compare_answers import Scans
from braintumor.evaluation.entries import Entry
from braintumor.evaluation.latency import medians
from braintumor.evaluation.robustness import dealt
from braintumor.evaluation.run import verdicts_of
from braintumor.imaging import read_scan, standardize
from braintumor.inference.artifact import Artifact
from braintumor.inference.detector import Detector
from braintumor.settings import Settings

TIMED: Final = 60
_SEED: Final = 0
_WARM_UP: Final = 3
# Threads of ONNX Runtime wait busily for more work after a run: they shall not take time from the next version.
_PAUSE: Final = 0.02


def time_versions(
    artifacts: Sequence[Artifact], scans: Scans, settings: Settings, replicates: int, count: int = TIMED
) -> dict[str, Entry]:
    """Median milliseconds of each version with its interval over scans.

    Scan by scan every version has its turn, each on its own frame of it, so that a busy moment of the machine meets
    all. Reading the file is not counted: it is the same for all.

    Parameters
    ----------
    count : int
        How many scans, dealt evenly over groups.
    """
    if not artifacts:
        return {}
    detectors = [Detector(artifact, settings) for artifact in artifacts]
    paths = scans.at(dealt(scans.groups, count, _SEED)).paths(settings)
    spent: dict[str, list[float]] = {artifact.folder.name: [] for artifact in artifacts}
    first = paths[:_WARM_UP]
    for number, path in enumerate(tqdm([*first, *paths], desc="time", unit="scan", disable=None)):
        scan = read_scan(path, settings=settings)
        for detector, name in zip(detectors, spent, strict=True):
            frame = standardize(scan, detector.artifact.card.contract)[0][None]
            time.sleep(_PAUSE)
            took = _milliseconds(detector, frame)
            if number >= len(first):
                spent[name].append(took)
    found = medians({name: np.array(values) for name, values in spent.items()}, replicates)
    return {name: found[f"ms@{name}"] for name in spent}


def _milliseconds(detector: Detector, frame: NDArray[np.uint8]) -> float:
    started = time.perf_counter()
    outputs = detector.infer(frame)
    verdicts_of(detector, outputs, detector.probabilities(outputs), frame)
    return 1e3 * (time.perf_counter() - started)
