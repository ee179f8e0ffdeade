"""About 570 damaged, malformed and mislabelled files and decompression bombs, reproducible by seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.helpers.malformed.archives import malformed_archives
from tests.helpers.malformed.dicom import malformed_dicom
from tests.helpers.malformed.images import malformed_images, mislabeled_files
from tests.helpers.malformed.valid_files import valid_files

SEED: Final = 20_261_121
FLIPS, HEADER_FLIPS = 6, 6
# Bytes at the start of a file that contain its format and header.
HEADER_BYTES: Final = 400


@dataclass(frozen=True, slots=True)
class MalformedFile:
    """A file; `must_fail` if no scan may be read from it, unlike from a damaged file."""

    name: str
    content: bytes
    must_fail: bool


def make_corpus(seed: int = SEED) -> list[MalformedFile]:
    """Return every file, in a fixed order."""
    rng = np.random.default_rng(seed)
    files = [*_damage_valid_files(rng)]
    for group in (malformed_images(), mislabeled_files(rng), malformed_archives(), malformed_dicom()):
        files += [MalformedFile(name, content, True) for name, content in group]
    names = [file.name for file in files]
    assert len(set(names)) == len(names), "names are unique"
    return files


def write_corpus(folder: Path, seed: int = SEED) -> list[Path]:
    """Write every file into a folder, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for file in make_corpus(seed):
        paths.append(folder / file.name)
        paths[-1].write_bytes(file.content)
    return paths


def _damage_valid_files(rng: np.random.Generator) -> Iterator[MalformedFile]:
    """Yield valid files truncated at every tenth, and with bits flipped anywhere or in the header."""
    for name, content in valid_files().items():
        stem, _, suffix = name.partition(".")
        for tenth in range(10):
            cut = content[: len(content) * tenth // 10]
            yield MalformedFile(f"cut-{tenth}0-{stem}.{suffix}", cut, must_fail=tenth == 0)
        for number in range(FLIPS):
            yield MalformedFile(f"flipped-{number}-{stem}.{suffix}", _flip_bits(content, len(content), rng), False)
        for number in range(HEADER_FLIPS):
            yield MalformedFile(
                f"header-flipped-{number}-{stem}.{suffix}", _flip_bits(content, HEADER_BYTES, rng), False
            )


def _flip_bits(content: bytes, limit: int, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.integers(1, 13)):
        changed[rng.integers(min(limit, len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)
