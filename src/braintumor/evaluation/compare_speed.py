"""Milliseconds from a frame to its verdict, all versions in turn on the same scans in one run."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.evaluation.compare_answers import TestScans
from braintumor.evaluation.entries import MetricEntry
from braintumor.evaluation.latency import median_times
from braintumor.evaluation.robustness import sample_across_groups
from braintumor.evaluation.run import verdicts_of
from braintumor.imaging import preprocess, read_scan
from braintumor.inference.artifact import Artifact
from braintumor.inference.detector import Detector
from braintumor.settings import Settings

TIMED_SCANS: Final = 60
_SAMPLING_SEED: Final = 0
_WARM_UP_SCANS: Final = 3
# Threads of ONNX Runtime wait busily for more work after a run: they shall not take time from the next version.
_PAUSE_SECONDS: Final = 0.02


def time_versions(
    artifacts: Sequence[Artifact], scans: TestScans, settings: Settings, replicates: int, count: int = TIMED_SCANS
) -> dict[str, MetricEntry]:
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
    paths = scans.select(sample_across_groups(scans.groups, count, _SAMPLING_SEED)).paths(settings)
    spent: dict[str, list[float]] = {artifact.folder.name: [] for artifact in artifacts}
    first = paths[:_WARM_UP_SCANS]
    for number, path in enumerate(tqdm([*first, *paths], desc="time", unit="scan", disable=None)):
        scan = read_scan(path, settings=settings)
        for detector, name in zip(detectors, spent, strict=True):
            frame = preprocess(scan, detector.artifact.card.input_spec)[0][None]
            time.sleep(_PAUSE_SECONDS)
            took = _time_detection(detector, frame)
            if number >= len(first):
                spent[name].append(took)
    found = median_times({name: np.array(values) for name, values in spent.items()}, replicates)
    return {name: found[f"ms@{name}"] for name in spent}


def _time_detection(detector: Detector, model_input: NDArray[np.uint8]) -> float:
    started = time.perf_counter()
    outputs = detector.infer(model_input)
    verdicts_of(detector, outputs, detector.probabilities(outputs), model_input)
    return 1e3 * (time.perf_counter() - started)
