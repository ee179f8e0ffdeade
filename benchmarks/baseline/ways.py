"""The two ways of reading scans, each run in a process of its own: ours, and the original project's.

Each prints a line when it has its first verdict, so that the process that started it can take the time, and at the end
one line of JSON with what it measured.
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
    """Read with the detector: the first file alone, then all of them as `predict` does, then stage by stage."""
    from braintumor.inference import Detector
    from braintumor.settings import get_settings

    # As `predict` does: a thread for each scan, none more inside ONNX Runtime.
    detector = Detector.load(version, get_settings().model_copy(update={"threads": 1}))
    detector.detect(files[0])
    say(FIRST)

    from braintumor.reporting.csv_export import to_csv
    from braintumor.services.file_groups import group_paths
    from braintumor.services.reading import ReadingService

    service = ReadingService(detector, workers)
    seconds = _seconds(lambda: to_csv(reading.row for reading in service.read(group_paths(files))))
    peak = peak_megabytes()
    timings = [detector.detect(file).milliseconds for file in files]
    stages = {stage: _spread([timing[stage] for timing in timings]) for stage in timings[0]}
    say(DONE + json.dumps({"seconds": seconds, "peak_megabytes": peak, "stages_ms": stages}))


def original(model: str, files: Sequence[str]) -> None:
    """Read as the original project does: Pillow resizes, Keras predicts, an image at a time."""
    import numpy as np
    from PIL import Image

    from braintumor.models.builder import load_keras_model

    network = load_keras_model(Path(model))
    height, width, channels = network.input_shape[1:]

    def read(file: str) -> Any:
        image = Image.open(file).convert("L" if channels == 1 else "RGB").resize((width, height))
        pixels = np.asarray(image, np.float32).reshape(1, height, width, channels)
        return network.predict(pixels / 255, verbose=0)

    read(files[0])
    say(FIRST)
    seconds = _seconds(lambda: deque(map(read, files), maxlen=0))
    say(DONE + json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory this process has held, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux; `getrusage` would also count what the parent held when it started us
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "p95": sorted(values)[int(0.95 * (len(values) - 1))]}


def say(line: str) -> None:
    """Print a line for the process that started this one."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
