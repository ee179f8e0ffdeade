"""Time and memory of the verdict on a whole volume, in a new process: `python benchmarks/study.py VOLUME`.

The time runs from the bytes of the file to the verdict, with the model loaded. The memory is the peak of the process.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

ROUNDS: Final = 5
_MEASURE: Final = """
import json, resource, sys, time
from pathlib import Path
from braintumor import Detector

detector, data = Detector.load(), Path(sys.argv[1]).read_bytes()
started = time.perf_counter()
reading = detector.detect_study(data, Path(sys.argv[1]).name)
seconds = time.perf_counter() - started
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, megabytes, str(reading.verdict), len(reading.detections), reading.counts.total]))
"""


def main() -> None:
    """Measure and print the medians over some rounds, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("volume", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    command = [sys.executable, "-c", _MEASURE, str(options.volume)]
    outputs = [
        subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(options.rounds)
    ]
    rounds = [json.loads(output) for output in outputs]
    seconds, megabytes = (statistics.median(each[column] for each in rounds) for column in (0, 1))
    _, _, verdict, read, total = rounds[0]
    print(f"{verdict}: {seconds:.2f} s, at most {megabytes:.0f} MB; {read} of {total} slices read")


if __name__ == "__main__":
    main()
