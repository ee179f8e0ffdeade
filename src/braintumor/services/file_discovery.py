"""Files, folders and patterns -> the list of scans to read, each once, in a fixed order."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.file_format import FileFormat, detect_format
from braintumor.imaging.scan_iterator import SCAN_SUFFIXES

# What may hold any number of slices.
_MULTI_SLICE_FORMATS: Final = (FileFormat.DICOM, FileFormat.NIFTI, FileFormat.TIFF, FileFormat.ZIP)
# What tells a kind lies within the first bytes of a file.
_SIGNATURE_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class DiscoveredFiles:
    """Scans to read, as paths written the way they were given.

    Attributes
    ----------
    files : tuple of str
        Pictures: each is one scan, or the row that says why not.
    passed_over : int
        How many files of other kinds lay beside them.
    volumes : tuple of str
        What may hold any number of slices, by its content: DICOM files, NIfTI volumes, ZIP archives, TIFF files.
    """

    files: tuple[str, ...]
    skipped: int
    volumes: tuple[str, ...] = ()


def discover_files(sources: Sequence[str | Path], excluded_folder: Path | None = None) -> DiscoveredFiles:
    """Collect scans.

    Parameters
    ----------
    sources : sequence of str or Path
        A file is taken whatever its name (and reported where it cannot be read). A folder is searched with all its
        subfolders for the suffixes of `INTAKE_SUFFIXES`, and for DICOM files without one, as scanners name them;
        hidden files and folders are passed over. Anything else is a pattern such as `scans/*/t1*.png`, where `**`
        stands for any depth.
    without : Path, optional
        A folder to leave out, such as the one overlays are written to.

    Returns
    -------
    Found
        In the order of the sources, sorted within each. A path that does not exist, or a pattern that matches nothing
        beside others that do, is kept: it becomes a row that says so.

    Raises
    ------
    ScanError
        Nothing at all was found.
    """
    expanded = [(os.fspath(source), list(_expand_source(os.fspath(source), excluded_folder))) for source in sources]
    if not any(is_scan for _, paths in expanded for _, is_scan in paths):
        given = ", ".join(source for source, _ in expanded)
        raise ScanError(f"{given}: no {', '.join(SCAN_SUFFIXES)} file is there. Give other files, folders or patterns.")
    real = lru_cache(os.path.realpath)
    files: dict[tuple[str, str], str] = {}
    for source, paths in expanded:
        unmatched = not paths and not Path(source).is_dir()
        for path in [source] if unmatched else [path for path, is_scan in paths if is_scan]:
            folder, name = os.path.split(path)
            files.setdefault((real(folder), name), path)  # one file, however its path is written; a link is another
    passed_over = sum(not is_scan for _, paths in expanded for _, is_scan in paths)
    volumes = {path for path in files.values() if _detect_file_format(path) in _MULTI_SLICE_FORMATS}
    return DiscoveredFiles(
        tuple(path for path in files.values() if path not in volumes),
        passed_over,
        tuple(path for path in files.values() if path in volumes),
    )


def _expand_source(source: str, excluded_folder: Path | None) -> Iterator[tuple[str, bool]]:
    """Paths of one source, and whether each is to be read."""
    if Path(source).is_dir():
        yield from _walk_folder(source, excluded_folder)
    elif not os.path.lexists(source) and glob.has_magic(source):
        for match in sorted(glob.glob(source, recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            if Path(match).is_file():
                yield match, _is_scan(match)
    else:
        yield source, True


def _walk_folder(folder: str, excluded_folder: Path | None) -> Iterator[tuple[str, bool]]:
    left_out = excluded_folder.resolve() if excluded_folder else None
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            f for f in _visible_names(folders) if left_out is None or Path(parent, f).resolve() != left_out
        )
        for name in sorted(_visible_names(names)):
            path = str(Path(parent, name))
            yield path, _is_scan(path)


def _visible_names(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def _is_scan(path: str) -> bool:
    """Whether a file is named like a scan, or named as scanners name DICOM files and is one."""
    name = Path(path).name.lower()
    if name.endswith(SCAN_SUFFIXES):
        return True
    suffix = Path(name).suffix[1:]
    return (not suffix or suffix.isdigit()) and name != "dicomdir" and _detect_file_format(path) is FileFormat.DICOM


def _detect_file_format(path: str) -> FileFormat:
    """What a file is by its first bytes; unknown where it cannot be opened."""
    try:
        with Path(path).open("rb") as file:
            return detect_format(file.read(_SIGNATURE_BYTES), path)
    except (OSError, ValueError):
        return FileFormat.UNKNOWN
