"""Compare the latency of several models on the same scans."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.evaluation.comparison.scans import CommonScans
from braintumor.evaluation.metrics.bootstrap import MetricEntry
from braintumor.evaluation.sampling import sample_across_groups
from braintumor.evaluation.stress_test.latency import median_times
from braintumor.imaging import preprocess, read_scan
from braintumor.inference.detector import Detector
from braintumor.inference.registry import Artifact
from braintumor.settings import Settings

TIMED_SCANS: Final = 60
_SAMPLING_SEED: Final = 0
_WARM_UP_SCANS: Final = 3
# Threads of ONNX Runtime spin for more work after a run; without a pause they slow down the next model.
_PAUSE_SECONDS: Final = 0.02


def time_versions(
    artifacts: Sequence[Artifact], scans: CommonScans, settings: Settings, replicates: int, count: int = TIMED_SCANS
) -> dict[str, MetricEntry]:
    """Measure the median milliseconds per scan of each model, with an interval over scans.

    The models take turns on every scan, so that other load on the machine affects all of them. Reading the file is not
    included, because it is the same for all models.

    Parameters
    ----------
    count : int
        Number of scans, sampled evenly across groups.
    """
    if not artifacts:
        return {}
    detectors = [Detector(artifact, settings) for artifact in artifacts]
    paths = scans.select(sample_across_groups(scans.groups, count, _SAMPLING_SEED)).paths(settings)
    times: dict[str, list[float]] = {artifact.folder.name: [] for artifact in artifacts}
    warm_up = paths[:_WARM_UP_SCANS]
    for number, path in enumerate(tqdm([*warm_up, *paths], desc="time", unit="scan", disable=None)):
        scan = read_scan(path, settings=settings)
        for detector, name in zip(detectors, times, strict=True):
            model_input = preprocess(scan, detector.artifact.card.input_spec)[0][None]
            time.sleep(_PAUSE_SECONDS)
            milliseconds = _time_detection(detector, model_input)
            if number >= len(warm_up):
                times[name].append(milliseconds)
    medians = median_times({name: np.array(values) for name, values in times.items()}, replicates)
    return {name: medians[f"ms@{name}"] for name in times}


def _time_detection(detector: Detector, model_input: NDArray[np.uint8]) -> float:
    started = time.perf_counter()
    outputs = detector.infer(model_input)
    detector.verdicts(outputs, detector.probabilities(outputs), model_input)
    return 1e3 * (time.perf_counter() - started)
