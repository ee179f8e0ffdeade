"""Iteration over every slice of many files, in order."""

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

SCAN_SUFFIXES: Final = (*IMAGE_SUFFIXES, *DICOM_SUFFIXES, *NIFTI_SUFFIXES, *ARCHIVE_SUFFIXES)
# Index of the files of a DICOM disc, which lies next to the images.
_DICOMDIR: Final = "DICOMDIR"

__all__ = ["SCAN_SUFFIXES", "FailedScan", "iter_scans"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file and how to read it; `reread` is set where a second read differs, as for members of an archive."""

    name: str
    read: Callable[[], bytes]
    reread: Callable[[], bytes] | None = None

    def reopen(self) -> bytes:
        """Read the content a second time."""
        return (self.reread or self.read)()


def iter_scans(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings | None = None
) -> Iterator[Scan | FailedScan]:
    """Yield every slice of many files, in order.

    An image file has one slice. A multi-frame DICOM file, a multi-page TIFF, a NIfTI volume (along each plane) and a
    ZIP (all its files) have many. Unreadable files and slices become a `FailedScan`; nothing is raised.

    Images and volumes are yielded as soon as they are read. DICOM slices follow, series by series and in slice order,
    because sorting needs the headers of all files. `Settings.max_files` limits the number of files, including those in
    archives. Only one file, page or frame is in memory at a time; closing the iterator early closes all archives.

    Parameters
    ----------
    sources : iterable of (name, content or path)
        The name is displayed as given. Folders must be listed by the caller.
    """
    settings = settings or get_settings()
    dicom_slices: list[DicomSlice] = []
    count = 0
    with ExitStack() as stack:
        for file in _iter_files(sources, settings, stack):
            if isinstance(file, FailedScan):
                yield file
                continue
            count += 1
            if count > settings.max_files:
                yield FailedScan(file.name, too_many_files_message(file.name, settings))
                continue
            for item in _read_file_slices(file, settings):
                if isinstance(item, DicomSlice):
                    dicom_slices.append(item)
                else:
                    yield item
        yield from _iter_series_slices(dicom_slices, settings)


def _iter_files(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings, stack: ExitStack
) -> Iterator[SourceFile | FailedScan]:
    """Yield files in the given order, and the members of an archive in its place; the stack closes the archives."""
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
        members = list(iter_members(archive, name))
        if not members:
            yield FailedScan(name, f"{name}: the archive contains no files. Create it again.")
        for member in members:
            yield SourceFile(member.name, partial(member.read, settings, budget), partial(member.read, settings, None))


def _read_file_slices(file: SourceFile, settings: Settings) -> Iterator[Scan | DicomSlice | FailedScan]:
    """Yield every slice of a file, and a `FailedScan` for what is unreadable; nothing is raised."""
    data = b""
    try:
        data = file.read()
        yield from _iter_slices(file, data, detect_format(data, file.name), settings)
    except ScanError as error:
        yield FailedScan(file.name, str(error), sha256_hex(data) if data else None)
    except Exception as error:  # an unexpected parser error must not stop the files that follow
        problem = (
            f"{file.name}: the file is damaged and cannot be read ({type(error).__name__}). Export or copy it again."
        )
        yield FailedScan(file.name, problem, sha256_hex(data) if data else None)


def _iter_slices(
    file: SourceFile, data: bytes, file_format: FileFormat, settings: Settings
) -> Iterator[Scan | DicomSlice | FailedScan]:
    name = file.name
    if file_format is FileFormat.TIFF and (count := count_pages(data, name, settings)) > 1:
        yield from _iter_tiff_pages(data, count, name, settings)
    elif file_format.is_image:
        yield read_image(data, file_format, name, settings)
    elif file_format is FileFormat.DICOM:
        sha256 = sha256_hex(data)
        metadata = read_metadata(data, sha256, name, settings)
        yield from (DicomSlice(name, file, sha256, metadata, frame) for frame in range(len(metadata.frames)))
    elif file_format is FileFormat.NIFTI:
        yield from iter_volume_slices(data, sha256_hex(data), name, settings)
    elif file_format in (FileFormat.ZIP, FileFormat.ARCHIVE) and file.reread is not None:
        raise ScanError(f"{name}: this is an archive inside an archive. Unpack it first.")
    else:
        raise ScanError(unsupported_format_message(file_format, name))


def _iter_tiff_pages(data: bytes, count: int, name: str, settings: Settings) -> Iterator[Scan | FailedScan]:
    """Yield the pages of a TIFF file; if the first is unreadable, the file is skipped after one `FailedScan`."""
    sha256 = sha256_hex(data)
    for page in range(count):
        position = SeriesPosition(sha256[:24], f"{count} pages", page, count)
        page_name = f"{name} [page {page + 1}]"
        try:
            yield read_image(data, FileFormat.TIFF, page_name, settings, page, position, sha256)
        except ScanError as error:
            yield FailedScan(page_name, str(error), sha256)
            if page == 0:
                return


def _iter_series_slices(slices: list[DicomSlice], settings: Settings) -> Iterator[Scan | FailedScan]:
    """Read DICOM frames in slice order; a file whose first frame fails is skipped after one `FailedScan`."""
    loaded_sha256, data = "", b""
    readable_files: set[str] = set()
    skipped_files: set[str] = set()
    for item, position in sort_into_series(slices):
        if item.sha256 in skipped_files:
            continue
        is_multi_frame = len(item.metadata.frames) > 1
        name = f"{item.name} [frame {item.frame_index + 1}]" if is_multi_frame else item.name
        try:
            if loaded_sha256 != item.sha256:
                data = item.file.reopen()
                loaded_sha256 = item.sha256
            yield read_frame(data, item.sha256, item.metadata, item.frame_index, name, settings, position)
            readable_files.add(item.sha256)
        except ScanError as error:
            yield FailedScan(name, str(error), item.sha256)
            if is_multi_frame and item.sha256 not in readable_files:
                skipped_files.add(item.sha256)
