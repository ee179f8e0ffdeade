"""Prediction by both methods, each in a separate process: ours, and the original project's.

Each prints a line at its first verdict, for the parent process to measure the time, and finally one line of JSON with
its measurements.
"""

import json
import resource
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

FIRST: Final = "braintumor-bench first verdict"
DONE: Final = "braintumor-bench done "


def ours(version: str, files: Sequence[str], workers: int) -> None:
    """Predict the first file, then all files as `braintumor predict` does, then again with the time of each stage."""
    from braintumor.inference import Detector
    from braintumor.settings import get_settings

    # As in `braintumor predict`: one thread per scan, and one inside ONNX Runtime.
    detector = Detector.load(version, get_settings().model_copy(update={"threads": 1}))
    detector.detect(files[0])
    write_line(FIRST)

    from braintumor.reporting.csv_export import to_csv
    from braintumor.services.file_groups import group_paths
    from braintumor.services.reading import ReadingService

    service = ReadingService(detector, workers)
    seconds = _measure_seconds(lambda: to_csv(reading.row for reading in service.read(group_paths(files))))
    peak = peak_megabytes()
    timings = [detector.detect(file).milliseconds for file in files]
    stages = {stage: _percentiles([timing[stage] for timing in timings]) for stage in timings[0]}
    write_line(DONE + json.dumps({"seconds": seconds, "peak_megabytes": peak, "stages_ms": stages}))


def original(model: str, files: Sequence[str]) -> None:
    """Predict as the original project does: resize with Pillow, predict single images with Keras."""
    import numpy as np
    from PIL import Image

    from braintumor.models.builder import load_keras_model

    network = load_keras_model(Path(model))
    height, width, channels = network.input_shape[1:]

    def predict(file: str) -> Any:
        image = Image.open(file).convert("L" if channels == 1 else "RGB").resize((width, height))
        pixels = np.asarray(image, np.float32).reshape(1, height, width, channels)
        return network.predict(pixels / 255, verbose=0)

    predict(files[0])
    write_line(FIRST)
    seconds = _measure_seconds(lambda: deque(map(predict, files), maxlen=0))
    write_line(DONE + json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """Return the peak memory of this process in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux, where `getrusage` includes the memory of the parent at the fork
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _measure_seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "p95": sorted(values)[int(0.95 * (len(values) - 1))]}


def write_line(line: str) -> None:
    """Print a line for the parent process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
