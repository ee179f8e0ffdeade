"""Find the scans in files, folders and patterns: each once, in a fixed order."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.dicom.disc import DiscFile, find_scans
from braintumor.imaging.file_format import PAIR_SUFFIXES, SCAN_SUFFIXES, SIGNATURE_BYTES, FileFormat, detect_format

# Formats of files that can contain any number of slices.
_MULTI_SLICE_FORMATS: Final = (FileFormat.DICOM, FileFormat.NIFTI, FileFormat.TIFF, FileFormat.ZIP)


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
        Files that can contain any number of slices, judged by content: DICOM, NIfTI, ZIP and TIFF; also halves of
        volumes (`.hdr` and `.img`), which are joined.
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
        `SCAN_SUFFIXES`, and for DICOM files, volumes and images by their content; hidden files and folders are skipped,
        and if the folder contains a study, so are the viewer of a disc and its pictures. Anything else is a pattern
        such as `scans/*/t1*.png`, in which `**` matches any depth.
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
    volumes = {path for path in files.values() if can_have_slices(path, _read_head(path))}
    return DiscoveredFiles(
        tuple(path for path in files.values() if path not in volumes),
        skipped,
        tuple(path for path in files.values() if path in volumes),
    )


def _expand_source(source: str, excluded_folder: Path | None) -> Iterator[tuple[str, bool]]:
    """Yield each path of a source, and whether it is a scan."""
    if Path(source).is_dir():
        paths = list(_walk_folder(source, excluded_folder))
    elif not os.path.lexists(source) and glob.has_magic(source):
        matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        paths = [match for match in matches if Path(match).is_file()]
    else:
        yield source, True
        return
    scans = find_scans([DiscFile.from_source(path, Path(path)) for path in paths])
    yield from ((path, index in scans) for index, path in enumerate(paths))


def _walk_folder(folder: str, excluded_folder: Path | None) -> Iterator[str]:
    excluded = excluded_folder.resolve() if excluded_folder else None
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in _visible_names(folders) if excluded is None or Path(parent, name).resolve() != excluded
        )
        yield from (str(Path(parent, name)) for name in sorted(_visible_names(names)))


def _visible_names(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def can_have_slices(name: str, head: bytes) -> bool:
    """Whether a file can contain several slices, or half of a volume, by its name and its first bytes."""
    return name.lower().endswith(PAIR_SUFFIXES) or detect_format(head, name) in _MULTI_SLICE_FORMATS


def _read_head(path: str) -> bytes:
    """Return the first bytes of a file; none if it cannot be opened."""
    try:
        with Path(path).open("rb") as file:
            return file.read(SIGNATURE_BYTES)
    except (OSError, ValueError):
        return b""
