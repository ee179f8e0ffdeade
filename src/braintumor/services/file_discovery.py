"""Find the scans in files, folders and patterns: each once, in a fixed order."""

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

# Formats of files that can contain any number of slices.
_MULTI_SLICE_FORMATS: Final = (FileFormat.DICOM, FileFormat.NIFTI, FileFormat.TIFF, FileFormat.ZIP)
# The signature of every format is within this many bytes.
_SIGNATURE_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class DiscoveredFiles:
    """Scans to read, with each path written as the user wrote it.

    Attributes
    ----------
    files : tuple of str
        Images: each gives one row, with a result or an error.
    skipped : int
        Number of files in the folders that are not scans.
    volumes : tuple of str
        Files that can contain any number of slices, judged by content: DICOM, NIfTI, ZIP and TIFF.
    """

    files: tuple[str, ...]
    skipped: int
    volumes: tuple[str, ...] = ()


def discover_files(sources: Sequence[str | Path], excluded_folder: Path | None = None) -> DiscoveredFiles:
    """Collect the scans to read.

    Parameters
    ----------
    sources : sequence of str or Path
        A file is always included, whatever its name. A folder is searched recursively for the suffixes in
        `SCAN_SUFFIXES` and for DICOM files without a suffix; hidden files and folders are skipped. Anything else is a
        pattern such as `scans/*/t1*.png`, in which `**` matches any depth.
    excluded_folder : Path, optional
        Folder to skip, such as the one for overlays.

    Returns
    -------
    DiscoveredFiles
        In the order of the sources, sorted within each. A path that does not exist, or a pattern without a match, is
        included if other sources have files: it becomes a row with an error.

    Raises
    ------
    ScanError
        No source has any file.
    """
    expanded = [(os.fspath(source), list(_expand_source(os.fspath(source), excluded_folder))) for source in sources]
    if not any(is_scan for _, paths in expanded for _, is_scan in paths):
        names = ", ".join(source for source, _ in expanded)
        raise ScanError(f"{names}: no {', '.join(SCAN_SUFFIXES)} file found. Give other files, folders or patterns.")
    resolve = lru_cache(os.path.realpath)
    files: dict[tuple[str, str], str] = {}
    for source, paths in expanded:
        has_no_match = not paths and not Path(source).is_dir()
        for path in [source] if has_no_match else [path for path, is_scan in paths if is_scan]:
            folder, name = os.path.split(path)
            # One file once, however its path is written; a symbolic link is another file.
            files.setdefault((resolve(folder), name), path)
    skipped = sum(not is_scan for _, paths in expanded for _, is_scan in paths)
    volumes = {path for path in files.values() if _detect_file_format(path) in _MULTI_SLICE_FORMATS}
    return DiscoveredFiles(
        tuple(path for path in files.values() if path not in volumes),
        skipped,
        tuple(path for path in files.values() if path in volumes),
    )


def _expand_source(source: str, excluded_folder: Path | None) -> Iterator[tuple[str, bool]]:
    """Yield each path of a source, and whether it is a scan."""
    if Path(source).is_dir():
        yield from _walk_folder(source, excluded_folder)
    elif not os.path.lexists(source) and glob.has_magic(source):
        for match in sorted(glob.glob(source, recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            if Path(match).is_file():
                yield match, _is_scan(match)
    else:
        yield source, True


def _walk_folder(folder: str, excluded_folder: Path | None) -> Iterator[tuple[str, bool]]:
    excluded = excluded_folder.resolve() if excluded_folder else None
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in _visible_names(folders) if excluded is None or Path(parent, name).resolve() != excluded
        )
        for name in sorted(_visible_names(names)):
            path = str(Path(parent, name))
            yield path, _is_scan(path)


def _visible_names(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def _is_scan(path: str) -> bool:
    """Whether a file has the suffix of a scan, or is a DICOM file named as scanners name them."""
    name = Path(path).name.lower()
    if name.endswith(SCAN_SUFFIXES):
        return True
    suffix = Path(name).suffix[1:]
    return (not suffix or suffix.isdigit()) and name != "dicomdir" and _detect_file_format(path) is FileFormat.DICOM


def _detect_file_format(path: str) -> FileFormat:
    """Return the format by the first bytes of a file; unknown if it cannot be opened."""
    try:
        with Path(path).open("rb") as file:
            return detect_format(file.read(_SIGNATURE_BYTES), path)
    except (OSError, ValueError):
        return FileFormat.UNKNOWN
