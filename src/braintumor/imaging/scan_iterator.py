"""Iteration over every slice of many files, in order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from braintumor.enums import SkipReason
from braintumor.errors import ScanError
from braintumor.imaging.containers.pair_files import join_pair_files
from braintumor.imaging.containers.unsupported import (
    is_office_document,
    office_document_message,
    unsupported_format_message,
)
from braintumor.imaging.dicom.disc import DiscFile, find_non_scans, is_disc_index
from braintumor.imaging.dicom.metadata import PROBLEM_MESSAGES, NoImageError
from braintumor.imaging.dicom.reader import read_metadata
from braintumor.imaging.dicom.series import SeriesReader, sort_into_series
from braintumor.imaging.dicom.stacks import DicomSlice
from braintumor.imaging.file_bytes import read_limited, sha256_hex
from braintumor.imaging.file_format import FileFormat, detect_format
from braintumor.imaging.loading import read_image
from braintumor.imaging.nifti import iter_volume_slices
from braintumor.imaging.raster import find_pages
from braintumor.imaging.scan import FailedScan, Scan, SeriesPosition, SkippedScan, SliceSource
from braintumor.imaging.zip_archive import UnpackBudget, is_zip, iter_members, open_zip, too_many_files_message
from braintumor.settings import Settings, get_settings


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
) -> Iterator[Scan | FailedScan | SkippedScan]:
    """Yield every slice of many files, in order.

    An image file has one slice. A multi-frame DICOM file, a multi-page TIFF, a NIfTI volume (along each plane) and a
    ZIP (all its files) have many. Unreadable files and slices become a `FailedScan`; nothing is raised. What is
    skipped becomes a `SkippedScan`: localizers, derived maps, screenshots and reports if there are other DICOM images,
    all but the first time point of a time series, and what is no scan on a disc with a study, such as its viewer.

    Images and volumes are yielded as soon as they are read. DICOM slices follow, series by series and in slice order,
    because sorting needs the headers of all files. `Settings.max_files` limits the number of files, including those in
    archives. Only one file, page or frame is in memory at a time; closing the iterator early closes all archives.

    Parameters
    ----------
    sources : iterable of (name, content or path)
        The name is displayed as given. Folders must be listed by the caller. The viewer and other files of a disc are
        recognized in a list and in an archive, but not in an iterator.
    """
    settings = settings or get_settings()
    with ExitStack() as stack:
        for item in iter_slice_sources(sources, settings, stack):
            scan = read_slice(item) if isinstance(item, SliceSource) else item
            if scan is not None:
                yield scan


def iter_slice_sources(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings, stack: ExitStack
) -> Iterator[SliceSource | Scan | FailedScan | SkippedScan]:
    """Yield what `iter_scans` yields, but the slices of volumes and DICOM series as sources that are not decoded yet.

    The stack closes the archives; sources cannot be read after that.
    """
    dicom_slices: list[DicomSlice] = []
    without_image: list[tuple[FailedScan, SkippedScan]] = []
    count = 0
    for file in join_pair_files(_iter_files(sources, settings, stack), settings):
        if not isinstance(file, SourceFile):
            yield file
            continue
        count += 1
        if count > settings.max_files:
            yield FailedScan(file.name, too_many_files_message(file.name, settings))
            continue
        for item in _read_file_slices(file, settings):
            if isinstance(item, DicomSlice):
                dicom_slices.append(item)
            elif isinstance(item, tuple):
                without_image.append(item)
            else:
                yield item
    for failed, skipped in without_image:
        yield skipped if dicom_slices else failed
    yield from _iter_series_slices(dicom_slices, settings)


def read_slice(source: SliceSource) -> Scan | FailedScan | None:
    """Decode a slice; None for a blank one. Nothing is raised."""
    try:
        return source.read()
    except ScanError as error:
        return FailedScan(source.name, str(error), source.sha256)
    except Exception as error:  # an unexpected parser error must not stop the slices that follow
        return FailedScan(source.name, _damaged_message(source.name, error), source.sha256)


def _iter_files(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings, stack: ExitStack
) -> Iterator[SourceFile | FailedScan | SkippedScan]:
    """Yield files in the given order, and the members of an archive in its place; the stack closes the archives.

    The index of a disc is skipped, but reported if there is nothing else.
    """
    budget = UnpackBudget(settings.max_unpacked_bytes)
    indices: list[str] = []
    has_others = False
    for name, source, is_scan in _mark_non_scans(sources):
        if is_disc_index(name):
            indices.append(name)
            continue
        has_others = True
        if not is_scan:
            yield SkippedScan(name, SkipReason.NOT_A_SCAN)
        elif is_zip(source):
            yield from _iter_archive_files(source, name, settings, budget, stack)
        else:
            yield SourceFile(name, partial(read_limited, source, name, settings))
    if not has_others:
        yield from (FailedScan(name, f"{name}: {PROBLEM_MESSAGES['directory']}") for name in indices)


def _mark_non_scans(sources: Iterable[tuple[str, bytes | Path]]) -> Iterator[tuple[str, bytes | Path, bool]]:
    """Yield each source and whether it can be a scan, which the other files decide if they are listed."""
    if isinstance(sources, Sequence):
        non_scans = find_non_scans([DiscFile.from_source(name, source) for name, source in sources])
        yield from ((name, source, index not in non_scans) for index, (name, source) in enumerate(sources))
    else:
        yield from ((name, source, True) for name, source in sources)


def _iter_archive_files(
    source: bytes | Path, name: str, settings: Settings, budget: UnpackBudget, stack: ExitStack
) -> Iterator[SourceFile | FailedScan | SkippedScan]:
    try:
        archive = stack.enter_context(open_zip(source, name, settings))
    except ScanError as error:
        yield FailedScan(name, str(error))
        return
    if is_office_document(archive.namelist()):
        yield FailedScan(name, office_document_message(name))
        return
    members = list(iter_members(archive, name))
    non_scans = find_non_scans([DiscFile(member.name, member.read_head) for member in members])
    if not members:
        yield FailedScan(name, f"{name}: the archive contains no files. Create it again.")
    elif len(non_scans) == len(members):
        yield FailedScan(name, f"{name}: the archive contains the viewer of a disc but no scans. Add the DICOM files.")
        return
    for index, member in enumerate(members):
        if is_disc_index(member.name):
            continue
        if index in non_scans:
            yield SkippedScan(member.name, SkipReason.NOT_A_SCAN)
        else:
            yield SourceFile(member.name, partial(member.read, settings, budget), partial(member.read, settings, None))


def _read_file_slices(
    file: SourceFile, settings: Settings
) -> Iterator[SliceSource | Scan | DicomSlice | FailedScan | tuple[FailedScan, SkippedScan]]:
    """Yield every slice of a file, and a `FailedScan` for what is unreadable; nothing is raised.

    A DICOM object without an image is an error if it is alone, and skipped otherwise.
    """
    data = b""
    try:
        data = file.read()
        yield from _iter_slices(file, data, detect_format(data, file.name), settings)
    except NoImageError as error:
        sha256 = sha256_hex(data)
        yield FailedScan(file.name, str(error), sha256), SkippedScan(file.name, error.role, sha256)
    except ScanError as error:
        yield FailedScan(file.name, str(error), sha256_hex(data) if data else None)
    except Exception as error:  # an unexpected parser error must not stop the files that follow
        yield FailedScan(file.name, _damaged_message(file.name, error), sha256_hex(data) if data else None)


def _damaged_message(name: str, error: Exception) -> str:
    return f"{name}: the file is damaged and cannot be read ({type(error).__name__}). Export or copy it again."


def _iter_slices(
    file: SourceFile, data: bytes, file_format: FileFormat, settings: Settings
) -> Iterator[SliceSource | Scan | DicomSlice | FailedScan]:
    name = file.name
    if file_format.is_image:
        pages = find_pages(data, name, settings) if file_format is FileFormat.TIFF else [0]
        if len(pages) > 1:
            yield from _iter_tiff_pages(data, pages, name, settings)
        else:
            yield read_image(data, file_format, name, settings, pages[0])
    elif file_format is FileFormat.DICOM:
        sha256 = sha256_hex(data)
        metadata = read_metadata(data, sha256, name, settings)
        yield from (DicomSlice(name, file, sha256, metadata, frame) for frame in range(len(metadata.frames)))
    elif file_format is FileFormat.NIFTI:
        yield from iter_volume_slices(data, sha256_hex(data), name, settings)
    elif file_format in (FileFormat.ZIP, FileFormat.ARCHIVE) and file.reread is not None:
        raise ScanError(f"{name}: this is an archive inside an archive. Unpack it first.")
    else:
        raise ScanError(unsupported_format_message(file_format, data, name))


def _iter_tiff_pages(data: bytes, pages: list[int], name: str, settings: Settings) -> Iterator[Scan | FailedScan]:
    """Yield the pages of a TIFF file; if the first is unreadable, the file is skipped after one `FailedScan`."""
    sha256 = sha256_hex(data)
    for index, page in enumerate(pages):
        position = SeriesPosition(sha256[:24], f"{len(pages)} pages", index, len(pages))
        page_name = f"{name} [page {page + 1}]"
        try:
            yield read_image(data, FileFormat.TIFF, page_name, settings, page, position, sha256)
        except ScanError as error:
            yield FailedScan(page_name, str(error), sha256)
            if index == 0:
                return


def _iter_series_slices(slices: list[DicomSlice], settings: Settings) -> Iterator[SliceSource | SkippedScan]:
    """Yield DICOM frames in slice order."""
    reader = SeriesReader(settings)
    for item in sort_into_series(slices, settings.all_time_points):
        if isinstance(item, SkippedScan):
            yield item
        else:
            yield SliceSource(item.slice.display_name, item.slice.sha256, item.position, partial(reader.read, item))
