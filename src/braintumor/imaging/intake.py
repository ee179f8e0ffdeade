"""Files of any kind -> every slice in them, in order; what cannot be read is a refusal that costs nothing else."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.archive import UnpackBudget, is_zip, iter_members, open_zip, too_many_files_message
from braintumor.imaging.dicom.series import DicomSlice, sort_into_series
from braintumor.imaging.dicom.slices import read_frame
from braintumor.imaging.file import SourceFile, read_file_slices
from braintumor.imaging.kind import ARCHIVE_SUFFIXES, DICOM_SUFFIXES, IMAGE_SUFFIXES, NIFTI_SUFFIXES
from braintumor.imaging.refusal import FailedScan
from braintumor.imaging.scan import Scan
from braintumor.imaging.source import read_limited
from braintumor.settings import Settings, get_settings

SCAN_SUFFIXES: Final = (*IMAGE_SUFFIXES, *DICOM_SUFFIXES, *NIFTI_SUFFIXES, *ARCHIVE_SUFFIXES)
# The list of a disc's files, which lies beside the images of every DICOM disc.
_DICOMDIR: Final = "DICOMDIR"

__all__ = ["SCAN_SUFFIXES", "FailedScan", "iter_scans"]


def iter_scans(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings | None = None
) -> Iterator[Scan | FailedScan]:
    """Every slice of many files, in order.

    A picture has one; a DICOM file of several frames, a TIFF of several pages, a NIfTI volume (along each plane) and a
    ZIP (all its files) have many. What cannot be read is a `Refusal`; nothing is raised.

    Pictures and volumes are given as soon as they are read. DICOM slices come after them, series by series and each in
    slice order, for which all files must have been seen. Files are counted against `Settings.max_files`, those within
    archives too. One file, page or frame is held at a time; stopping early lets go of everything.

    Parameters
    ----------
    sources : iterable of (name, content or path)
        The name is shown as it is given; folders are the caller's to list.
    """
    settings = settings or get_settings()
    slices: list[DicomSlice] = []
    count = 0
    with ExitStack() as stack:
        for one in _iter_files(sources, settings, stack):
            if isinstance(one, FailedScan):
                yield one
                continue
            count += 1
            if count > settings.max_files:
                yield FailedScan(one.name, too_many_files_message(one.name, settings))
                continue
            for found in read_file_slices(one, settings):
                if isinstance(found, DicomSlice):
                    slices.append(found)
                else:
                    yield found
        yield from _iter_series_slices(slices, settings)


def _iter_files(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings, stack: ExitStack
) -> Iterator[SourceFile | FailedScan]:
    """Files as they are given, those of archives in their place; archives stay open as long as the stack."""
    budget = UnpackBudget(settings.max_unpacked_bytes)
    for name, source in sources:
        if name.replace("\\", "/").rpartition("/")[2].upper() == _DICOMDIR:
            continue
        if not is_zip(source):
            yield SourceFile(name, partial(read_limited, source, name, settings.max_bytes))
            continue
        try:
            archive = stack.enter_context(open_zip(source, name, settings))
        except ScanError as error:
            yield FailedScan(name, str(error))
            continue
        found = list(iter_members(archive, name))
        if not found:
            yield FailedScan(name, f"{name}: the archive holds no file. Make it again.")
        for member in found:
            yield SourceFile(member.name, partial(member.read, settings, budget), partial(member.read, settings, None))


def _iter_series_slices(slices: list[DicomSlice], settings: Settings) -> Iterator[Scan | FailedScan]:
    """DICOM frames, read once more file by file in slice order; a file with no sound frame costs one row."""
    held: tuple[str, bytes] = ("", b"")
    sound: set[str] = set()
    given_up: set[str] = set()
    for one, place in sort_into_series(slices):
        if one.sha256 in given_up:
            continue
        several = len(one.metadata.frames) > 1
        name = f"{one.name} [frame {one.frame_index + 1}]" if several else one.name
        try:
            if held[0] != one.sha256:
                held = one.sha256, one.file.reopen()
            yield read_frame(held[1], one.sha256, one.metadata, one.frame_index, name, settings, place)
            sound.add(one.sha256)
        except ScanError as error:
            yield FailedScan(name, str(error), one.sha256)
            if several and one.sha256 not in sound:
                given_up.add(one.sha256)
