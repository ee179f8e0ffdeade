"""Searches for a file that reading does not survive: `make fuzz`, or `python -m tests.fuzz.fuzz --seconds 600`.

Hypothesis damages sound files of every kind, and is led towards files that take long. What it finds it makes small and
keeps: the file itself in `.hypothesis/found`, and the way to it, so that the next run starts there.
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
from tests.fuzz.reader import SECONDS, SETTINGS
from tests.helpers.malformed.valid_files import bases
from tests.helpers.slices import read_slices

SOUND = bases()
FOUND = Path(".hypothesis") / "found"
SENTENCE = re.compile(r"[^\n]{12,300}\. [A-Z][^\n]{8,120}\.")
# Numbers that parsers stumble over.
ODD = (
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
SEEN: Counter[str] = Counter()


@dataclass(frozen=True)
class Damaged:
    """A file, told by its hash: its content is no sight for a terminal."""

    name: str
    content: bytes = field(repr=False)
    sha256: str = ""


@st.composite
def damaged(draw: st.DrawFn) -> Damaged:
    """A sound file with bytes overwritten, cut out, repeated, put in from elsewhere; cut short now and then."""
    name = draw(st.sampled_from(sorted(SOUND)))
    content = bytearray(SOUND[name])
    for _ in range(draw(st.integers(1, 8))):
        region = draw(st.sampled_from([0, 16, 140, 500, len(content) // 2, len(content) - 200]))
        at = min(max(0, region + draw(st.integers(0, 400))), max(0, len(content) - 1))
        kind = draw(st.sampled_from(["odd", "byte", "drop", "repeat", "graft"]))
        length = draw(st.integers(1, 64))
        if kind == "odd":
            put = draw(st.sampled_from(ODD))
            content[at : at + len(put)] = put
        elif kind == "byte":
            content[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "drop":
            del content[at : at + length]
        elif kind == "repeat":
            content[at:at] = content[at : at + length] * draw(st.integers(1, 40))
        else:
            other = SOUND[draw(st.sampled_from(sorted(SOUND)))]
            start = draw(st.integers(0, len(other) - 1))
            content[at : at + length] = other[start : start + length]
    if draw(st.integers(0, 9)) == 0:
        del content[draw(st.integers(0, len(content))) :]
    return Damaged(name, bytes(content), hashlib.sha256(content).hexdigest())


def check(file: Damaged) -> None:
    """Read a file, and keep it where it is not answered as it should be."""
    try:
        answered(file)
    except BaseException:
        FOUND.mkdir(parents=True, exist_ok=True)
        (FOUND / f"{file.sha256[:16]}-{file.name}").write_bytes(file.content)
        raise


def answered(file: Damaged) -> None:
    """Slices and sentences come out, and soon; a busy machine may take long, but not twice."""
    for _ in range(2):
        started = time.perf_counter()
        found = list(read_slices(file.content, file.name, SETTINGS))
        seconds = time.perf_counter() - started
        if seconds < SECONDS:
            break
    target(seconds, label="seconds")
    assert seconds < SECONDS, f"{file} took {seconds:.1f} s"
    for one in found:
        if isinstance(one, Scan):
            assert min(one.height, one.width) >= SETTINGS.min_side
            assert 0.0 <= one.pixels.min() < one.pixels.max() <= 1.0
            SEEN["a scan"] += 1
        else:
            said = one.problem.removeprefix(f"{one.name}: ")
            assert SENTENCE.fullmatch(said), one.problem
            SEEN[re.sub(r"[\d,]+", "N", said)] += 1


def search(examples: int) -> Any:
    """The search itself, so many files long."""
    phases = (Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
    limits = settings(max_examples=examples, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
    return limits(given(damaged())(check))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search (60)")
    wanted = parser.parse_args().seconds
    warnings.simplefilter("ignore")
    list(read_slices(SOUND["plain.dcm"], "plain.dcm"))  # starts the process that reads DICOM
    started, files = time.monotonic(), 0
    while time.monotonic() - started < wanted:
        search(500)()
        files += 500
    told = [f"{files} files in {time.monotonic() - started:.0f} s, and every one was answered:"]
    told += [f"{count:8}  {said}" for said, count in SEEN.most_common()]
    sys.stdout.write("\n".join(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
