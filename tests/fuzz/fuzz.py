"""Search for files that reading does not handle: `make fuzz`, or `python -m tests.fuzz.fuzz --seconds 600`.

Hypothesis damages valid files of every format and steers towards slow ones. Failing files are minimized and written to
`.hypothesis/failures`, and the next run starts from them.
"""

import argparse
import hashlib
import re
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import strategies as st

from braintumor.imaging import Scan
from tests.fuzz.reader import MAX_SECONDS, SETTINGS
from tests.helpers.malformed.valid_files import valid_files
from tests.helpers.slices import read_slices

VALID_FILES = valid_files()
FAILURES = Path(".hypothesis") / "failures"
MESSAGE = re.compile(r"[^\n]{12,300}\. [A-Z][^\n]{8,120}\.")
# Byte sequences that often break parsers.
EDGE_BYTES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\0\0",
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\x7f",
    b"\xfe\xff\x00\xe0",
)
OUTCOMES: Counter[str] = Counter()


@dataclass(frozen=True)
class DamagedFile:
    """A file, displayed by its hash instead of its content."""

    name: str
    content: bytes = field(repr=False)
    sha256: str = ""


@st.composite
def damaged_files(draw: st.DrawFn) -> DamagedFile:
    """Draw a valid file with bytes overwritten, deleted, repeated or copied from another file, sometimes truncated."""
    name = draw(st.sampled_from(sorted(VALID_FILES)))
    content = bytearray(VALID_FILES[name])
    for _ in range(draw(st.integers(1, 8))):
        region = draw(st.sampled_from([0, 16, 140, 500, len(content) // 2, len(content) - 200]))
        offset = min(max(0, region + draw(st.integers(0, 400))), max(0, len(content) - 1))
        kind = draw(st.sampled_from(["edge", "byte", "delete", "repeat", "copy"]))
        length = draw(st.integers(1, 64))
        if kind == "edge":
            edge = draw(st.sampled_from(EDGE_BYTES))
            content[offset : offset + len(edge)] = edge
        elif kind == "byte":
            content[offset : offset + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "delete":
            del content[offset : offset + length]
        elif kind == "repeat":
            content[offset:offset] = content[offset : offset + length] * draw(st.integers(1, 40))
        else:
            other = VALID_FILES[draw(st.sampled_from(sorted(VALID_FILES)))]
            start = draw(st.integers(0, len(other) - 1))
            content[offset : offset + length] = other[start : start + length]
    if draw(st.integers(0, 9)) == 0:
        del content[draw(st.integers(0, len(content))) :]
    return DamagedFile(name, bytes(content), hashlib.sha256(content).hexdigest())


def check(file: DamagedFile) -> None:
    """Read a file, and store it if it fails a check."""
    try:
        read_and_check(file)
    except BaseException:
        FAILURES.mkdir(parents=True, exist_ok=True)
        (FAILURES / f"{file.sha256[:16]}-{file.name}").write_bytes(file.content)
        raise


def read_and_check(file: DamagedFile) -> None:
    """Check that reading gives slices and messages in time; a busy machine gets a second attempt."""
    for _ in range(2):
        started = time.perf_counter()
        results = list(read_slices(file.content, file.name, SETTINGS))
        seconds = time.perf_counter() - started
        if seconds < MAX_SECONDS:
            break
    target(seconds, label="seconds")
    assert seconds < MAX_SECONDS, f"{file} took {seconds:.1f} s"
    for result in results:
        if isinstance(result, Scan):
            assert min(result.height, result.width) >= SETTINGS.min_side
            assert 0.0 <= result.pixels.min() < result.pixels.max() <= 1.0
            OUTCOMES["scan"] += 1
        else:
            message = result.problem.removeprefix(f"{result.name}: ")
            assert MESSAGE.fullmatch(message), result.problem
            OUTCOMES[re.sub(r"[\d,]+", "N", message)] += 1


def search(examples: int) -> Any:
    """Return a search over a number of files."""
    phases = (Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
    limits = settings(max_examples=examples, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
    return limits(given(damaged_files())(check))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search (60)")
    duration = parser.parse_args().seconds
    warnings.simplefilter("ignore")
    list(read_slices(VALID_FILES["plain.dcm"], "plain.dcm"))  # starts the DICOM process
    started, files = time.monotonic(), 0
    while time.monotonic() - started < duration:
        search(500)()
        files += 500
    lines = [f"{files} files in {time.monotonic() - started:.0f} s, all handled:"]
    lines += [f"{count:8}  {message}" for message, count in OUTCOMES.most_common()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
