"""Runs one way of reading, or of averaging, in a fresh process and takes its time from start to first result."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.baseline.ways import DONE, FIRST
from braintumor.errors import BrainTumorError

_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """What one process measured.

    Attributes
    ----------
    first_verdict : float
        Seconds from starting the process to its first verdict; of a way of averaging, to the averages.
    throughput : float
        Images a second over all files, once the first verdict is there; of a way of averaging, once it is loaded.
    peak_megabytes : float
        The most memory it held, in MiB.
    stages : dict
        Milliseconds by stage, `{stage: {"median", "p95"}}`; empty where the way has no stages.
    """

    first_verdict: float
    throughput: float
    peak_megabytes: float
    stages: dict[str, dict[str, float]]


def run(way: str, *arguments: Any, n: int) -> Run:
    """Run a function of this package in a process of its own.

    Parameters
    ----------
    way : str
        Its name in `ways`, or with its file, such as `averaging.ours`.
    *arguments
        Plain data, handed over as JSON.
    n : int
        Files it reads.

    Raises
    ------
    BrainTumorError
        The process failed; the message ends with its last words.
    """
    code = (
        "import importlib, json, sys; module = importlib.import_module('benchmarks.baseline.' + sys.argv[1]); "
        "getattr(module, sys.argv[2])(*json.load(sys.stdin))"
    )
    file, _, function = way.rpartition(".")
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])  # where `benchmarks` lies
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"PYTHONPATH": path}
    # Standard error goes to a file: nobody reads it while the process runs, and a full pipe would stop it.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", code, file or "ways", function], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=complaints, text=True, env=environment,
        ) as process:  # fmt: skip
            assert process.stdin is not None  # both are pipes, which the type does not know
            assert process.stdout is not None
            json.dump(arguments, process.stdin)
            process.stdin.close()
            first, found = 0.0, None
            for line in process.stdout:
                if line.startswith(FIRST):
                    first = time.perf_counter() - started
                elif line.startswith(DONE):
                    found = json.loads(line.removeprefix(DONE))
        if process.returncode or found is None:
            complaints.seek(0)
            last = (complaints.read().strip().splitlines() or ["it said nothing"])[-1]
            raise BrainTumorError(f"Reading {way} failed: {last}")
    return Run(first, n / found["seconds"], found["peak_megabytes"], found.get("stages_ms", {}))
