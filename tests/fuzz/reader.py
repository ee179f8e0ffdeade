"""Read the malformed corpus in a separate process, and print the result of each file as JSON."""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

from braintumor.imaging import Scan
from braintumor.settings import Settings
from tests.helpers.malformed.corpus import MalformedFile, make_corpus
from tests.helpers.slices import read_slices

SETTINGS = Settings()
# Longer than this is a hang, also on a busy machine; a slower file is read a second time.
MAX_SECONDS = 60.0


def read_file(file: MalformedFile) -> dict[str, object]:
    for _ in range(2):
        started = time.perf_counter()
        results = list(read_slices(file.content, file.name, SETTINGS))
        seconds = time.perf_counter() - started
        if seconds <= MAX_SECONDS:
            break
    scans = [result for result in results if isinstance(result, Scan)]
    return {
        "name": file.name,
        "must_fail": file.must_fail,
        "seconds": seconds,
        "scans": len(scans),
        "smallest": min((min(scan.height, scan.width) for scan in scans), default=None),
        "failures": [(result.name, result.problem) for result in results if not isinstance(result, Scan)],
    }


def peak_memory(who: int) -> float:
    """Return the peak memory in MB; the system reports kB, or bytes on macOS."""
    status = Path("/proc/self/status")
    if who == resource.RUSAGE_SELF and status.is_file():
        # ru_maxrss includes the memory of the parent process, because Linux keeps it across exec.
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    return resource.getrusage(who).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    warnings.simplefilter("ignore")
    outcomes = [read_file(file) for file in make_corpus()]
    from braintumor.imaging.dicom.sandbox import SANDBOX

    SANDBOX.close()
    memory = {"own": peak_memory(resource.RUSAGE_SELF), "children": peak_memory(resource.RUSAGE_CHILDREN)}
    json.dump({"outcomes": outcomes, "megabytes": memory}, sys.stdout)


if __name__ == "__main__":
    main()
