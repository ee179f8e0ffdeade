"""Start-up time of a first detection in a new process, compared with importing its libraries: part of `make bench`.

Measures the library call and `braintumor predict` on one JPEG, alternating with the import of ONNX Runtime, numpy and
Pillow alone. Bytecode is cached, as in an installed package. Run alone with `.venv/bin/python benchmarks/startup.py`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass

ROUNDS: Final = 7
BASELINE: Final = "import libraries"
_DETECT: Final = "import sys, braintumor; braintumor.Detector.load().detect(open(sys.argv[1], 'rb').read())"


def main() -> None:
    """Measure and print the median times and their ratios to the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "phantom.jpg"
        Image.fromarray(make_phantom(TumorClass.MENINGIOMA, seed=7, size=256).pixels).save(image)
        seconds = measure(image, Path(folder) / "bytecode", options.rounds)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name:17} {1e3 * median:6.0f} ms  {median / medians[BASELINE]:.2f} x the baseline")
    if options.json:
        options.json.write_text(json.dumps(seconds, indent=1) + "\n", encoding="utf-8")


def measure(image: Path, bytecode: Path, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each command in each round; one more round fills the caches first."""
    commands = {
        BASELINE: ["-c", "import onnxruntime, numpy, PIL.Image"],
        "library call": ["-c", _DETECT, str(image)],
        "predict command": ["-m", "braintumor", "predict", str(image)],
    }
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, arguments in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
