"""Find near-duplicate images by perceptual hashes in eight orientations."""

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
    """Metadata of one file; if it is not an image, `error` says why and the other fields are empty."""

    path: str
    stamp: str
    sha256: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    hashes: tuple[tuple[int, int], ...] = ()
    error: str = ""


def read_file_metadata(folder: Path, path: str, settings: Settings) -> FileMetadata:
    """Read the metadata of the file at `path`, relative to `folder`."""
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
    """Return size and modification time of a file, which identify its content without reading it."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


_HASH_BITS: Final = 128  # pHash and dHash of 64 bits each
# Two images are near-duplicates if at most this many of the 128 bits differ in some orientation.
MAX_DISTANCE: Final = 10

_ROTATIONS: Final = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
ORIENTATIONS: Final = (
    "identity", "rotate 90", "rotate 180", "rotate 270",
    "mirror", "mirror, rotate 90", "mirror, rotate 180", "mirror, rotate 270",
)  # fmt: skip
"""Transforms of an image into its near-duplicate: an optional mirroring, then a counter-clockwise rotation."""
# The hashes use at most 32 x 32 pixels; a reduced copy changes them little and is ten times faster.
_HASH_IMAGE_SIZE: Final = 128


def compute_orientation_hashes(image: Image.Image) -> NDArray[np.uint64]:
    """Compute pHash and dHash (64 bits each) of an image in its eight orientations, shape (8, 2)."""
    import imagehash

    small = image.convert("L").resize((_HASH_IMAGE_SIZE, _HASH_IMAGE_SIZE), Image.Resampling.BILINEAR)
    rows = []
    for base in (small, small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        for rotation in _ROTATIONS:
            oriented = base if rotation is None else base.transpose(rotation)
            rows.append([int(str(imagehash.phash(oriented)), 16), int(str(imagehash.dhash(oriented)), 16)])
    return np.array(rows, np.uint64)


def find_near_duplicates(hashes: NDArray[np.uint64], max_distance: int = MAX_DISTANCE) -> pd.DataFrame:
    """Find all pairs of images within `max_distance` bits of each other in some orientation.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n, 8, 2)

    Returns
    -------
    DataFrame
        One row per pair at its smallest distance. Columns: `a`, `b` (row numbers, a < b), `distance` in bits, and
        `orientation`, the index into ORIENTATIONS of the transform of b into a.
    """
    count = len(hashes)
    upright = hashes[:, 0]
    rows: list[NDArray[np.int64]] = []
    for a in range(count - 1):
        bits = np.bitwise_count(upright[a] ^ hashes[a + 1 :]).sum(axis=2, dtype=np.int64)
        best = bits.argmin(axis=1)
        near = np.flatnonzero(bits[np.arange(len(best)), best] <= max_distance)
        if near.size:
            orientation = best[near]
            rows.append(np.column_stack([np.full_like(near, a), near + a + 1, bits[near, orientation], orientation]))
    pairs = np.concatenate(rows) if rows else np.empty((0, 4), np.int64)
    return pd.DataFrame(pairs, columns=["a", "b", "distance", "orientation"])


def nearest_hash_distance(
    oriented_hashes: NDArray[np.uint64], reference_hashes: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Compute each image's smallest hash distance in bits to any reference image, in any orientation.

    Parameters
    ----------
    oriented_hashes : ndarray of uint64, shape (n, 8, 2)
    reference_hashes : ndarray of uint64, shape (m, 2)

    Returns
    -------
    ndarray of int64, shape (n,)
        128, the number of bits, without reference images.
    """
    distances = np.full(len(oriented_hashes), _HASH_BITS, np.int64)
    for i, hashes in enumerate(oriented_hashes):
        bits = np.bitwise_count(hashes[:, None] ^ reference_hashes[None]).sum(axis=2, dtype=np.int64)
        distances[i] = bits.min(initial=_HASH_BITS)
    return distances
