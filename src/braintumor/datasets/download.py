"""Fetch an image set from Kaggle, or a copy of it, and verify every file against the table of what it should hold."""

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

# What reading a damaged zip raises.
ZIP_ERRORS: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


def download_from_kaggle(handle: str, fallback_command: str) -> Path:
    """Fetch a data set through kagglehub, which keeps what has arrived; returns its folder.

    Parameters
    ----------
    handle : str
        Owner and name on Kaggle.
    otherwise : str
        The command that takes the zip a browser downloads.

    Raises
    ------
    MissingExtraError
        kagglehub is not installed.
    DatasetError
        Kaggle could not be reached or refused.
    """
    try:
        import kagglehub
    except ModuleNotFoundError as error:
        raise MissingExtraError("kagglehub") from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub raises whatever its HTTP client does
        raise DatasetError(
            f"Kaggle could not be reached or refused the download ({type(error).__name__}). Try again later: what has "
            f"arrived is kept. Or download {handle} in a browser and use: {fallback_command}"
        ) from error


def damaged_zip_error(source: Path, error: Exception) -> DatasetError:
    """What to say of a zip whose content raised one of `DAMAGED`."""
    return DatasetError(f"{source.name}: not a whole zip file ({error}). Download it again.")


@dataclass(frozen=True, slots=True)
class FileCheck:
    """How the files in a folder compare with the table."""

    expected: int
    missing: list[str]
    altered: list[str]
    unexpected: list[str]

    @property
    def is_complete(self) -> bool:
        """Every expected file is there with the expected content, and nothing else is."""
        return not (self.missing or self.altered or self.unexpected)

    def __str__(self) -> str:
        if self.is_complete:
            return f"All {self.expected} files are there and unaltered."
        parts = [
            f"{len(names)} {word} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
            for names, word in ((self.missing, "missing"), (self.altered, "altered"), (self.unexpected, "unexpected"))
            if names
        ]
        return f"Of {self.expected} expected files: {'; '.join(parts)}."


def check_files(folder: Path, file_table: pd.DataFrame, image_folders: Sequence[str] = CLASS_FOLDERS) -> FileCheck:
    """Compare the images in `folder` with the table, by size and then by hash (threads, as hashing frees the GIL)."""
    present = set(find_images(folder, image_folders))
    expected = dict(zip(file_table["path"], zip(file_table["bytes"], file_table["sha256"], strict=True), strict=True))

    def is_altered(path: str) -> bool:
        size, digest = expected[path]
        full = folder / path
        return full.stat().st_size != size or sha256_file(full) != digest

    known = sorted(present & expected.keys())
    with ThreadPoolExecutor() as pool:
        marks = list(tqdm(pool.map(is_altered, known), total=len(known), desc="verify", unit="file", disable=None))
    return FileCheck(
        expected=len(expected),
        missing=sorted(expected.keys() - present),
        altered=[path for path, bad in zip(known, marks, strict=True) if bad],
        unexpected=sorted(present - expected.keys()),
    )


def fetch_dataset(
    source: Path | None = None,
    file_table: Path | None = None,
    settings: Settings | None = None,
    image_set: ImageSet = KAGGLE,
) -> str:
    """Bring an image set to its folder in `settings.inputs` and verify it; what is already there and right is kept.

    Parameters
    ----------
    source : Path, optional
        A folder or zip holding the set (at any depth); downloaded from Kaggle where not given.
    table : Path, optional
        Table of expected files; the shipped one by default.
    image_set : ImageSet
        Which set.

    Returns
    -------
    str
        A sentence saying that all is there.

    Raises
    ------
    DatasetError
        The source is not an image set, or what it brought is partial or altered; the message names the files.
    """
    wanted = image_set.with_file_table(file_table)
    expected = load_file_table(wanted.file_table, wanted.provenance)
    target = (settings or get_settings()).inputs / wanted.folder
    if check_files(target, expected, wanted.image_folders).is_complete:
        return f"{target.name} is already complete. All {len(expected)} files are there and unaltered."
    with _open_source(source, wanted) as folder:
        altered = _copy_missing(folder, target, expected)
        if (
            file_table is not None and (folder / "provenance.csv").is_file()
        ):  # a set of one's own brings its own provenance
            write_atomically(target / "provenance.csv", (folder / "provenance.csv").read_bytes())
    result = check_files(target, expected, wanted.image_folders)
    if not result.is_complete:
        refused = (
            f" {len(altered)} files of the source were altered and left out ({altered[0]}, ...)." if altered else ""
        )
        raise DatasetError(
            f"{result}{refused} The set must match the table exactly: fetch it again from Kaggle ({wanted.handle}), "
            f"and remove unexpected files from {target.name}."
        )
    return f"{result} They lie in {target.name}/."


@contextmanager
def _open_source(source: Path | None, image_set: ImageSet) -> Iterator[Path]:
    """The root of the wanted set, downloaded or unpacked first where needed."""
    if source is None:
        yield _find_root(download_from_kaggle(image_set.handle, f"{image_set.command} --from FILE.zip"), image_set)
    elif source.is_dir():
        yield _find_root(source, image_set)
    elif source.is_file():
        with tempfile.TemporaryDirectory(prefix="braintumor-") as temporary:
            yield _find_root(_unpack_zip(source, Path(temporary)), image_set)
    else:
        raise DatasetError(f"{source}: there is no such folder or zip. Check the path given with --from.")


def _unpack_zip(source: Path, target: Path) -> Path:
    try:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(target)  # extractall refuses to leave the target folder
    except (*ZIP_ERRORS, OSError) as error:
        raise damaged_zip_error(source, error) from error
    return target


def _find_root(folder: Path, image_set: ImageSet) -> Path:
    first, *others = image_set.marker_folders
    for found in [folder / first, *sorted(folder.rglob(first))]:
        if found.is_dir() and all((found.parent / other).is_dir() for other in others):
            return found.parent
    raise DatasetError(
        f"{folder}: holds no folders named {' and '.join(image_set.marker_folders)}. Give the unpacked Kaggle set or its zip."
    )


def _copy_missing(source: Path, target: Path, expected: pd.DataFrame) -> list[str]:
    """Copy what is missing; each file appears whole or not at all, so a killed copy resumes.

    Returns the source's files whose content is not what the table says: they are left out.
    """
    altered: list[str] = []
    rows = list(zip(expected["path"], expected["bytes"], expected["sha256"], strict=True))
    for path, size, digest in tqdm(rows, desc="copy", unit="file", disable=None):
        there, here = source / path, target / path
        if not there.is_file() or (here.is_file() and here.stat().st_size == size and sha256_file(here) == digest):
            continue
        content = there.read_bytes()
        if len(content) == size and hashlib.sha256(content).hexdigest() == digest:
            write_atomically(here, content)
        else:
            altered.append(path)
    return altered
