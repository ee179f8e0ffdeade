"""Run one method in a new process and measure the time from its start to the first result."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.baseline.methods import DONE, FIRST
from braintumor.errors import BrainTumorError

_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """Measurements of one process.

    Attributes
    ----------
    first_verdict : float
        Seconds from process start to the first verdict, or to the averages.
    throughput : float
        Images per second over all files after the first verdict, or after the imports.
    peak_megabytes : float
        Peak memory in MiB.
    stages : dict
        Milliseconds by stage, `{stage: {"median", "p95"}}`; empty for a method without stages.
    """

    first_verdict: float
    throughput: float
    peak_megabytes: float
    stages: dict[str, dict[str, float]]


def run(method: str, *arguments: Any, n: int) -> Run:
    """Run a function of this package in a new process.

    Parameters
    ----------
    method : str
        Its name in `methods`, or with its module, such as `averaging.ours`.
    *arguments
        Plain data, passed as JSON.
    n : int
        Number of images.

    Raises
    ------
    BrainTumorError
        The process failed. The message contains the last line of its standard error.
    """
    code = (
        "import importlib, json, sys; module = importlib.import_module('benchmarks.baseline.' + sys.argv[1]); "
        "getattr(module, sys.argv[2])(*json.load(sys.stdin))"
    )
    module, _, function = method.rpartition(".")
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])  # to import `benchmarks`
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"PYTHONPATH": path}
    # Standard error goes to a file: a pipe that is not read would fill up and block the process.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as error_log:
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", code, module or "methods", function], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=error_log, text=True, env=environment,
        ) as process:  # fmt: skip
            assert process.stdin is not None  # both are pipes
            assert process.stdout is not None
            json.dump(arguments, process.stdin)
            process.stdin.close()
            first, measurements = 0.0, None
            for line in process.stdout:
                if line.startswith(FIRST):
                    first = time.perf_counter() - started
                elif line.startswith(DONE):
                    measurements = json.loads(line.removeprefix(DONE))
        if process.returncode or measurements is None:
            error_log.seek(0)
            last_line = (error_log.read().strip().splitlines() or ["no message on standard error"])[-1]
            raise BrainTumorError(f"The benchmark {method} failed: {last_line}")
    return Run(first, n / measurements["seconds"], measurements["peak_megabytes"], measurements.get("stages_ms", {}))
