"""Tumour masks of BRISC 2025 (CC BY 4.0): fetch, verify, and align them with the pixels of their images."""

import functools
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from braintumor.datasets.download import ZIP_ERRORS, damaged_zip_error, download_from_kaggle
from braintumor.errors import DatasetError
from braintumor.fileio import write_atomically
from braintumor.settings import Settings, get_settings

BRISC_HANDLE: Final = "briscdataset/brisc2025"
MASKS_SOURCE: Final = "brisc2025"
MASKS_LICENCE: Final = "CC-BY-4.0"
DIGESTS_FILE: Final = Path(__file__).parent / "tables" / "brisc-masks.csv.gz"
# The masks were once stored as JPEG, so values lie near 0 and near 255.
MASK_THRESHOLD: Final = 127


@dataclass(frozen=True, slots=True)
class MaskSource:
    """The mask file of an image, and whether the mask must be mirrored left to right to match it."""

    file: str
    mirrored: bool


def masks_folder(settings: Settings | None = None) -> Path:
    """Return the folder of the masks, `inputs/brisc-masks`."""
    return (settings or get_settings()).inputs / "brisc-masks"


def load_mask(manifest_row: Mapping[str, Any], settings: Settings | None = None) -> NDArray[np.bool_] | None:
    """Load the tumour mask of an image on the pixel grid of the image.

    Parameters
    ----------
    manifest_row : mapping
        A manifest row with `path`, `sha256`, `width` and `height`.

    Returns
    -------
    ndarray of bool, shape (height, width), or None
        None if the image has no mask or the masks were not fetched.

    Raises
    ------
    DatasetError
        The mask file is damaged.
    """
    settings = settings or get_settings()
    source = find_mask_source(manifest_row["path"], manifest_row["sha256"], settings)
    if source is None or not (masks_folder(settings) / source.file).is_file():
        return None
    return read_mask(
        masks_folder(settings) / source.file, source.mirrored, (int(manifest_row["width"]), int(manifest_row["height"]))
    )


def read_mask(
    file: Path, mirrored: bool, size: tuple[int, int], command: str = "braintumor data fetch --masks"
) -> NDArray[np.bool_]:
    """Read a mask file, mirror it if `mirrored`, and resize it to `size` (width, height); `command` fetches it."""
    try:
        with Image.open(file) as mask:
            image = mask.convert("L")
    except (OSError, ValueError, SyntaxError) as error:
        raise DatasetError(f"{file.name}: the mask is damaged. Delete it and run: {command}") from error
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image) > MASK_THRESHOLD


def find_mask_source(path: str, sha256: str, settings: Settings) -> MaskSource | None:
    """Find the mask of an image by path in the set's own `provenance.csv`, else by content in the shipped table."""
    own = settings.dataset / "provenance.csv"
    if own.is_file():
        return _sources_by_path(own, own.stat().st_mtime_ns).get(path)
    return _sources_by_content().get(sha256)


def expected_mask_files(settings: Settings) -> set[str]:
    """Return the file names of all masks that belong to images of the set."""
    own = settings.dataset / "provenance.csv"
    sources = _sources_by_path(own, own.stat().st_mtime_ns) if own.is_file() else _sources_by_content()
    return {source.file for source in sources.values()}


@functools.lru_cache(maxsize=4)
def _sources_by_path(provenance: Path, _stamp: int) -> dict[str, MaskSource]:
    import pandas as pd

    table = pd.read_csv(provenance, dtype=str, keep_default_na=False)
    return _build_mask_sources(table["split"] + "/" + table["label"] + "/" + table["file"], table)


@functools.cache
def _sources_by_content() -> dict[str, MaskSource]:
    from braintumor.datasets.catalog import load_file_table

    table = load_file_table()
    return _build_mask_sources(table["sha256"], table)


def _build_mask_sources(keys: Any, provenance: Any) -> dict[str, MaskSource]:
    rows = zip(keys, provenance["brisc_file"], provenance["brisc_transform"], strict=True)
    return {key: MaskSource(f"{Path(file).stem}.png", transform == "mirror") for key, file, transform in rows if file}


def fetch_masks(source: Path | None = None, settings: Settings | None = None) -> str:
    """Copy the masks into `inputs/brisc-masks` and verify them; correct masks are not copied again.

    Parameters
    ----------
    source : Path, optional
        Folder or ZIP that holds the masks at any depth. By default BRISC 2025 is downloaded from Kaggle.

    Returns
    -------
    str
        A sentence that confirms the complete set.

    Raises
    ------
    DatasetError
        The source is missing, or masks are missing or differ from the shipped table. The message names some.
    """
    settings = settings or get_settings()
    target, expected, digests = masks_folder(settings), expected_mask_files(settings), _load_shipped_digests()
    if _mismatches(target, expected, digests) == ([], []):
        return f"{target.name} is already complete. All {len(expected)} masks are present and unaltered."
    with _open_mask_source(source) as read:
        for name in tqdm(sorted(expected), desc="masks", unit="file", disable=None):
            content = None if _is_unaltered(target / name, digests) else read(name)
            if content is not None and _matches(content, digests.get(name)):
                write_atomically(target / name, content)
    missing, altered = _mismatches(target, expected, digests)
    if missing or altered:
        raise DatasetError(
            f"Of {len(expected)} masks, {len(missing)} are missing and {len(altered)} altered "
            f"({', '.join([*missing, *altered][:3])}, ...). Fetch them again from Kaggle: {BRISC_HANDLE}"
        )
    return f"All {len(expected)} masks are present and unaltered. The folder is {target.name}/."


def _mismatches(folder: Path, expected: set[str], digests: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the names of the missing masks and of the altered or damaged ones."""
    missing = [name for name in sorted(expected) if not (folder / name).is_file()]
    present = sorted(expected.difference(missing))
    return missing, [name for name in present if not _is_unaltered(folder / name, digests)]


def _is_unaltered(file: Path, digests: Mapping[str, str]) -> bool:
    return file.is_file() and _matches(file.read_bytes(), digests.get(file.name))


def _matches(content: bytes, digest: str | None) -> bool:
    """Whether the content is a mask and has the expected digest, if one is listed."""
    actual = compute_mask_digest(content)
    return actual is not None and digest in (None, actual)


def compute_mask_digest(content: bytes) -> str | None:
    """Hash the size and pixels of a mask, independent of PNG compression; None if the content is not an image."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            mask = np.asarray(image.convert("L")) > MASK_THRESHOLD
    except (OSError, ValueError, SyntaxError):
        return None
    return hashlib.sha256(repr(mask.shape).encode() + np.packbits(mask).tobytes()).hexdigest()[:16]


@functools.cache
def _load_shipped_digests() -> dict[str, str]:
    import pandas as pd

    table = pd.read_csv(DIGESTS_FILE, dtype=str)
    return dict(zip(table["file"], table["digest"], strict=True))


@contextmanager
def _open_mask_source(source: Path | None) -> Iterator[Callable[[str], bytes | None]]:
    """Yield a function that reads a mask by file name from a folder, a ZIP, or the Kaggle download."""
    if source is None:
        source = download_from_kaggle(BRISC_HANDLE, "braintumor data fetch --masks --from FILE.zip")
    if source.is_dir():
        files = {path.name: path for path in source.rglob("*.png")}
        yield lambda name: files[name].read_bytes() if name in files else None
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            members = {Path(name).name: name for name in archive.namelist() if name.endswith(".png")}

            def read(name: str) -> bytes | None:
                try:
                    return archive.read(members[name]) if name in members else None
                except ZIP_ERRORS as error:
                    raise damaged_zip_error(source, error) from error

            yield read
    else:
        raise DatasetError(f"{source}: no such folder or ZIP. Check the path given with --from.")
