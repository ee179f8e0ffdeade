"""Iterate over every slice of many files, in order."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.dicom.reader import read_frame, read_metadata
from braintumor.imaging.dicom.series import DicomSlice, sort_into_series
from braintumor.imaging.file_bytes import read_limited, sha256_hex
from braintumor.imaging.file_format import (
    ARCHIVE_SUFFIXES,
    DICOM_SUFFIXES,
    IMAGE_SUFFIXES,
    NIFTI_SUFFIXES,
    FileFormat,
    detect_format,
)
from braintumor.imaging.loading import read_image, unsupported_format_message
from braintumor.imaging.nifti import iter_volume_slices
from braintumor.imaging.raster import count_pages
from braintumor.imaging.scan import FailedScan, Scan, SeriesPosition
from braintumor.imaging.zip_archive import UnpackBudget, is_zip, iter_members, open_zip, too_many_files_message
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file and how to read it; `again` where reading it once more is another matter, as for what an archive holds."""

    name: str
    read: Callable[[], bytes]
    reread: Callable[[], bytes] | None = None

    def reopen(self) -> bytes:
        """Its content once more."""
        return (self.reread or self.read)()


def read_file_slices(file: SourceFile, settings: Settings) -> Iterator[Scan | DicomSlice | FailedScan]:
    """Every slice of a file. Nothing is raised: what cannot be read is a refusal."""
    data = b""
    try:
        data = file.read()
        yield from _iter_slices(file, data, detect_format(data, file.name), settings)
    except ScanError as error:
        yield FailedScan(file.name, str(error), sha256_hex(data) if data else None)
    except Exception as error:  # what no parser foresaw costs this file, not those after it
        what = type(error).__name__
        problem = f"{file.name}: the file is damaged and cannot be read ({what}). Export or copy it again."
        yield FailedScan(file.name, problem, sha256_hex(data) if data else None)


def _iter_slices(
    file: SourceFile, data: bytes, file_format: FileFormat, settings: Settings
) -> Iterator[Scan | DicomSlice | FailedScan]:
    name = file.name
    if file_format is FileFormat.TIFF and (pages := count_pages(data, name, settings)) > 1:
        yield from _iter_tiff_pages(data, pages, name, settings)
    elif file_format.is_image:
        yield read_image(data, file_format, name, settings)
    elif file_format is FileFormat.DICOM:
        sha256 = sha256_hex(data)
        facts = read_metadata(data, sha256, name, settings)
        yield from (DicomSlice(name, file, sha256, facts, frame) for frame in range(len(facts.frames)))
    elif file_format is FileFormat.NIFTI:
        yield from iter_volume_slices(data, sha256_hex(data), name, settings)
    elif file_format in (FileFormat.ZIP, FileFormat.ARCHIVE) and file.reread is not None:
        raise ScanError(f"{name}: it is an archive within an archive. Unpack it and give what is in it.")
    else:
        raise ScanError(unsupported_format_message(file_format, name))


def _iter_tiff_pages(data: bytes, pages: int, name: str, settings: Settings) -> Iterator[Scan | FailedScan]:
    """Pages of a TIFF; where the first cannot be read, the whole file is refused."""
    sha256 = sha256_hex(data)
    for page in range(pages):
        place = SeriesPosition(sha256[:24], f"{pages} pages", page, pages)
        shown = f"{name} [page {page + 1}]"
        try:
            yield read_image(data, FileFormat.TIFF, shown, settings, page, place, sha256)
        except ScanError as error:
            yield FailedScan(shown, str(error), sha256)
            if page == 0:
                return


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
