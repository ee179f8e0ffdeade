"""Command line of the baseline benchmark: `python -m benchmarks.baseline`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.baseline.run import run_benchmark
from braintumor.errors import BrainTumorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark, print its tables, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.baseline",
        description="Compare prediction, exploration and training with the original project.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="scans (default: the Testing set, or phantoms)")
    parser.add_argument("--version", help="model for the predictions (default: BRAINTUMOR_VERSION, else v4)")
    parser.add_argument("--only", choices=["reading", "explore", "training"], help="run only one comparison")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements to this file")
    options = parser.parse_args(arguments)
    try:
        print(run_benchmark(options.paths, options.version, options.json, only=options.only))
    except BrainTumorError as error:
        print(f"benchmarks.baseline: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
