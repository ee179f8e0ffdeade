"""Fetch an image set from Kaggle or a local copy and verify every file against its table of expected files."""

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from tqdm import tqdm

from braintumor.datasets.catalog import CLASS_FOLDERS, KAGGLE, ImageSet, find_images, load_file_table
from braintumor.errors import DatasetError, MissingExtraError
from braintumor.fileio import sha256_file, write_atomically
from braintumor.settings import Settings, get_settings

# Errors raised when a damaged ZIP is read.
ZIP_ERRORS: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


def download_from_kaggle(handle: str, fallback_command: str) -> Path:
    """Download a data set through kagglehub, which resumes partial downloads, and return its folder.

    Parameters
    ----------
    handle : str
        Owner and name on Kaggle.
    fallback_command : str
        Command that reads a ZIP downloaded in a browser.

    Raises
    ------
    MissingExtraError
        kagglehub is not installed.
    DatasetError
        Kaggle cannot be reached or refused the download.
    """
    try:
        import kagglehub
    except ModuleNotFoundError as error:
        raise MissingExtraError("kagglehub") from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub raises whatever its HTTP client does
        raise DatasetError(
            f"Kaggle could not be reached or refused the download ({type(error).__name__}). Try again later; the "
            f"download resumes. Or download {handle} in a browser and use: {fallback_command}"
        ) from error


def damaged_zip_error(source: Path, error: Exception) -> DatasetError:
    """Return the error for a ZIP whose content raised one of `ZIP_ERRORS`."""
    return DatasetError(f"{source.name}: the ZIP file is incomplete or damaged ({error}). Download it again.")


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Comparison of the files in a folder with the table of expected files."""

    expected: int
    missing: list[str]
    altered: list[str]
    unexpected: list[str]

    @property
    def is_complete(self) -> bool:
        """Whether every expected file is present and unaltered, without any other file."""
        return not (self.missing or self.altered or self.unexpected)

    def __str__(self) -> str:
        if self.is_complete:
            return f"All {self.expected} files are present and unaltered."
        parts = [
            f"{len(names)} {word} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
            for names, word in ((self.missing, "missing"), (self.altered, "altered"), (self.unexpected, "unexpected"))
            if names
        ]
        return f"Of {self.expected} expected files: {'; '.join(parts)}."


def check_files(folder: Path, file_table: pd.DataFrame, image_folders: Sequence[str] = CLASS_FOLDERS) -> FileCheck:
    """Compare the images in `folder` with the table by size, then by hash (in threads, since hashing frees the GIL)."""
    present = set(find_images(folder, image_folders))
    expected = dict(zip(file_table["path"], zip(file_table["bytes"], file_table["sha256"], strict=True), strict=True))

    def is_altered(path: str) -> bool:
        size, digest = expected[path]
        full = folder / path
        return full.stat().st_size != size or sha256_file(full) != digest

    common = sorted(present & expected.keys())
    with ThreadPoolExecutor() as pool:
        flags = list(tqdm(pool.map(is_altered, common), total=len(common), desc="verify", unit="file", disable=None))
    return FileCheck(
        expected=len(expected),
        missing=sorted(expected.keys() - present),
        altered=[path for path, altered in zip(common, flags, strict=True) if altered],
        unexpected=sorted(present - expected.keys()),
    )


def fetch_dataset(
    source: Path | None = None,
    file_table: Path | None = None,
    settings: Settings | None = None,
    image_set: ImageSet = KAGGLE,
) -> str:
    """Copy an image set into its folder in `settings.inputs` and verify it; correct files are not copied again.

    Parameters
    ----------
    source : Path, optional
        Folder or ZIP that holds the set at any depth. By default the set is downloaded from Kaggle.
    file_table : Path, optional
        Table of expected files; the shipped one by default.
    image_set : ImageSet
        The set to fetch.

    Returns
    -------
    str
        A sentence that confirms the complete set.

    Raises
    ------
    DatasetError
        The source is not the image set, or is incomplete or altered. The message names the files.
    """
    image_set = image_set.with_file_table(file_table)
    expected = load_file_table(image_set.file_table, image_set.provenance)
    target = (settings or get_settings()).inputs / image_set.folder
    if check_files(target, expected, image_set.image_folders).is_complete:
        return f"{target.name} is already complete. All {len(expected)} files are present and unaltered."
    with _open_source(source, image_set) as folder:
        altered = _copy_missing(folder, target, expected)
        # A custom set brings its own provenance.
        if file_table is not None and (folder / "provenance.csv").is_file():
            write_atomically(target / "provenance.csv", (folder / "provenance.csv").read_bytes())
    result = check_files(target, expected, image_set.image_folders)
    if not result.is_complete:
        skipped = f" Altered files of the source were skipped: {', '.join(altered[:3])}." if altered else ""
        raise DatasetError(
            f"{result}{skipped} The set must match the table exactly: fetch it again from Kaggle ({image_set.handle}), "
            f"and remove unexpected files from {target.name}."
        )
    return f"{result} The folder is {target.name}/."


@contextmanager
def _open_source(source: Path | None, image_set: ImageSet) -> Iterator[Path]:
    """Yield the root folder of the set after downloading or unpacking it where needed."""
    if source is None:
        yield _find_root(download_from_kaggle(image_set.handle, f"{image_set.command} --from FILE.zip"), image_set)
    elif source.is_dir():
        yield _find_root(source, image_set)
    elif source.is_file():
        with tempfile.TemporaryDirectory(prefix="braintumor-") as temporary:
            yield _find_root(unpack_zip(source, Path(temporary)), image_set)
    else:
        raise DatasetError(f"{source}: no such folder or ZIP. Check the path given with --from.")


def unpack_zip(source: Path, target: Path) -> Path:
    """Unpack a ZIP into a folder and return the folder.

    Raises
    ------
    DatasetError
        The ZIP is incomplete or damaged.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(target)  # extractall refuses to leave the target folder
    except (*ZIP_ERRORS, OSError) as error:
        raise damaged_zip_error(source, error) from error
    return target


def _find_root(folder: Path, image_set: ImageSet) -> Path:
    first, *others = image_set.marker_folders
    for marker in [folder / first, *sorted(folder.rglob(first))]:
        if marker.is_dir() and all((marker.parent / other).is_dir() for other in others):
            return marker.parent
    folders = " and ".join(image_set.marker_folders)
    raise DatasetError(f"{folder}: contains no folders named {folders}. Give the unpacked Kaggle set or its ZIP.")


def _copy_missing(source: Path, target: Path, expected: pd.DataFrame) -> list[str]:
    """Copy missing files atomically, so that an interrupted copy resumes.

    Returns the source files whose content differs from the table; they are not copied.
    """
    altered: list[str] = []
    rows = list(zip(expected["path"], expected["bytes"], expected["sha256"], strict=True))
    for path, size, digest in tqdm(rows, desc="copy", unit="file", disable=None):
        original, copy = source / path, target / path
        if not original.is_file() or (copy.is_file() and copy.stat().st_size == size and sha256_file(copy) == digest):
            continue
        content = original.read_bytes()
        if len(content) == size and hashlib.sha256(content).hexdigest() == digest:
            write_atomically(copy, content)
        else:
            altered.append(path)
    return altered
