"""One file of any kind -> its slices: pictures, pages and volumes as scans, DICOM frames as slices to be ordered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from braintumor.errors import ScanError
from braintumor.imaging.dicom.reader import read_metadata
from braintumor.imaging.dicom.series import DicomSlice
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.file_format import FileFormat, detect_format
from braintumor.imaging.loading import read_image, unsupported_format_message
from braintumor.imaging.nifti import iter_volume_slices
from braintumor.imaging.raster import count_pages
from braintumor.imaging.scan import FailedScan, Scan, SeriesPosition
from braintumor.settings import Settings


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
