"""Facts of one file of an image set: its hash, size and mode, and the perceptual hashes near copies are found by."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from braintumor.dataset.twins import compute_orientation_hashes
from braintumor.errors import ScanError
from braintumor.files import sha256_file
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
