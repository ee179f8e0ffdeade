"""Near-duplicate images: perceptual hashes over the eight orientations, and the pairs they give."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from braintumor.errors import ScanError
from braintumor.fileio import sha256_file
from braintumor.imaging import read_scan
from braintumor.settings import Settings


@dataclass(frozen=True, slots=True)
class FileMetadata:
    """What reading one file gives; `error` is filled where it is no image, and the rest is then empty."""

    path: str
    stamp: str
    sha256: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    hashes: tuple[tuple[int, int], ...] = ()
    error: str = ""


def read_file_metadata(folder: Path, path: str, settings: Settings) -> FileMetadata:
    """Read the file at `path`, relative to `folder`."""
    full = folder / path
    stamp = get_file_stamp(full)
    try:
        scan = read_scan(full, settings=settings)
    except ScanError as error:
        return FileMetadata(path, stamp, sha256=sha256_file(full), error=str(error))
    hashes = compute_orientation_hashes(Image.fromarray(scan.to_uint8()))
    pairs = tuple((int(p), int(d)) for p, d in hashes)
    return FileMetadata(path, stamp, scan.sha256, scan.width, scan.height, scan.mode, pairs)


def get_file_stamp(path: Path) -> str:
    """Size and time of a file: what says, without reading it, that it has not changed."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


# Two images are twins when at most this many of 128 bits (pHash and dHash of 64 each) differ in some orientation.
MAX_DISTANCE: Final = 10

_ROTATIONS: Final = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
ORIENTATIONS: Final = (
    "identity", "rotate 90", "rotate 180", "rotate 270",
    "mirror", "mirror, rotate 90", "mirror, rotate 180", "mirror, rotate 270",
)  # fmt: skip
"""What turns a picture into its twin: mirrored left to right or not, then rotated counter-clockwise."""
# Hashes look at 32 x 32 pixels at most; working on a reduced copy changes them little and is ten times faster.
_HASH_IMAGE_SIZE: Final = 128


def compute_orientation_hashes(image: Image.Image) -> NDArray[np.uint64]:
    """Perceptual hashes of an image in its eight orientations, shape (8, 2): pHash and dHash, 64 bits each."""
    import imagehash

    small = image.convert("L").resize((_HASH_IMAGE_SIZE, _HASH_IMAGE_SIZE), Image.Resampling.BILINEAR)
    rows = []
    for base in (small, small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        for rotation in _ROTATIONS:
            turned = base if rotation is None else base.transpose(rotation)
            rows.append([int(str(imagehash.phash(turned)), 16), int(str(imagehash.dhash(turned)), 16)])
    return np.array(rows, np.uint64)


def find_near_duplicates(hashes: NDArray[np.uint64], max_distance: int = MAX_DISTANCE) -> pd.DataFrame:
    """All pairs of images within `max_distance` bits in some orientation.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n, 8, 2)

    Returns
    -------
    DataFrame
        Columns `a`, `b` (row numbers, a < b), `distance` in bits, `orientation` (index into ORIENTATIONS: what turns
        b into a), one row per pair, at its smallest distance.
    """
    count = len(hashes)
    upright = hashes[:, 0]
    found: list[NDArray[np.int64]] = []
    for a in range(count - 1):
        bits = np.bitwise_count(upright[a] ^ hashes[a + 1 :]).sum(axis=2, dtype=np.int64)
        best = bits.argmin(axis=1)
        near = np.flatnonzero(bits[np.arange(len(best)), best] <= max_distance)
        if near.size:
            turn = best[near]
            found.append(np.column_stack([np.full_like(near, a), near + a + 1, bits[near, turn], turn]))
    pairs = np.concatenate(found) if found else np.empty((0, 4), np.int64)
    return pd.DataFrame(pairs, columns=["a", "b", "distance", "orientation"])
