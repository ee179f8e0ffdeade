"""A corpus of some 400 hostile files, the same for the same seed: damaged, malformed, deceptive, and bombs.

`corpus()` gives them in memory; `write(folder)` puts them there, for the command line and the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.helpers.malformed.archives import archives
from tests.helpers.malformed.dicom import malformed_dicom
from tests.helpers.malformed.images import deceptive, pictures
from tests.helpers.malformed.valid_files import bases

SEED: Final = 20_261_121
FLIPS, HEADER_FLIPS = 6, 6
# So far the facts reach in which a file says what it is.
HEADER: Final = 400


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file; `must_fail` where nothing in it may pass for a scan, rather than what is left of a damaged one."""

    name: str
    content: bytes
    must_fail: bool


def corpus(seed: int = SEED) -> list[Hostile]:
    """Every hostile file, in a fixed order."""
    chance = np.random.default_rng(seed)
    made = [*_damaged(chance)]
    for part in (pictures(), deceptive(chance), archives(), malformed_dicom()):
        made += [Hostile(name, content, True) for name, content in part]
    names = [one.name for one in made]
    assert len(set(names)) == len(names), "each has a name of its own"
    return made


def write(folder: Path, seed: int = SEED) -> list[Path]:
    """The same as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for one in corpus(seed):
        paths.append(folder / one.name)
        paths[-1].write_bytes(one.content)
    return paths


def _damaged(chance: np.random.Generator) -> Iterator[Hostile]:
    """Sound files cut at every decile, and with bits flipped anywhere or where they say what they are."""
    for name, content in bases().items():
        stem, _, suffix = name.partition(".")
        for tenth in range(10):
            cut = content[: len(content) * tenth // 10]
            yield Hostile(f"cut-{tenth}0-{stem}.{suffix}", cut, must_fail=tenth == 0)
        for number in range(FLIPS):
            yield Hostile(f"flipped-{number}-{stem}.{suffix}", _flipped(content, len(content), chance), False)
        for number in range(HEADER_FLIPS):
            yield Hostile(f"misled-{number}-{stem}.{suffix}", _flipped(content, HEADER, chance), False)


def _flipped(content: bytes, within: int, chance: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.integers(1, 13)):
        changed[chance.integers(min(within, len(changed)))] ^= 1 << int(chance.integers(8))
    return bytes(changed)
