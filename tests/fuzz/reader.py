"""Reads the hostile corpus in a process of its own, and prints what came of each file, as JSON."""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

from braintumor.imaging import Scan
from braintumor.settings import Settings
from tests.helpers.malformed.corpus import Hostile, corpus
from tests.helpers.slices import read_slices

SETTINGS = Settings()
# What a file may take. A busy machine is no bug, so one that takes longer is read once more.
SECONDS = 5.0


def outcome(hostile: Hostile) -> dict[str, object]:
    for _ in range(2):
        started = time.perf_counter()
        found = list(read_slices(hostile.content, hostile.name, SETTINGS))
        seconds = time.perf_counter() - started
        if seconds <= SECONDS:
            break
    scans = [one for one in found if isinstance(one, Scan)]
    return {
        "name": hostile.name,
        "must_fail": hostile.must_fail,
        "seconds": seconds,
        "scans": len(scans),
        "smallest": min((min(scan.height, scan.width) for scan in scans), default=None),
        "refusals": [(one.name, one.problem) for one in found if not isinstance(one, Scan)],
    }


def peak(who: int) -> float:
    """Largest memory so far, in MB; the system counts in kB, or in bytes on macOS."""
    status = Path("/proc/self/status")
    if who == resource.RUSAGE_SELF and status.is_file():
        # The other count begins with what the process that started this one held: Linux keeps it across exec.
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    return resource.getrusage(who).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    warnings.simplefilter("ignore")
    outcomes = [outcome(hostile) for hostile in corpus()]
    from braintumor.imaging.dicom.sandbox import SANDBOX

    SANDBOX.close()
    memory = {"own": peak(resource.RUSAGE_SELF), "children": peak(resource.RUSAGE_CHILDREN)}
    json.dump({"outcomes": outcomes, "megabytes": memory}, sys.stdout)


if __name__ == "__main__":
    main()
