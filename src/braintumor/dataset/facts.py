"""Facts of one file of an image set: its hash, size and mode, and the perceptual hashes near copies are found by."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from braintumor.dataset.twins import orientation_hashes
from braintumor.errors import ScanError
from braintumor.files import sha256_of
from braintumor.imaging import read_scan
from braintumor.settings import Settings


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What reading one file gives; `error` is filled where it is no image, and the rest is then empty."""

    path: str
    stamp: str
    sha256: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    hashes: tuple[tuple[int, int], ...] = ()
    error: str = ""


def read_facts(folder: Path, path: str, settings: Settings) -> FileFacts:
    """Read the file at `path`, relative to `folder`."""
    full = folder / path
    stamp = stamp_of(full)
    try:
        scan = read_scan(full, settings=settings)
    except ScanError as error:
        return FileFacts(path, stamp, sha256=sha256_of(full), error=str(error))
    hashes = orientation_hashes(Image.fromarray(scan.to_uint8()))
    pairs = tuple((int(p), int(d)) for p, d in hashes)
    return FileFacts(path, stamp, scan.sha256, scan.width, scan.height, scan.mode, pairs)


def stamp_of(path: Path) -> str:
    """Size and time of a file: what says, without reading it, that it has not changed."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"
