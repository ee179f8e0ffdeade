"""One file of any kind -> its slices: pictures, pages and volumes as scans, DICOM frames as slices to be ordered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from braintumor.errors import ScanError
from braintumor.imaging.dicom.series import Slice
from braintumor.imaging.dicom.slices import read_facts
from braintumor.imaging.kind import Kind, kind_of
from braintumor.imaging.nifti import slices_of
from braintumor.imaging.read import not_a_scan, read_picture
from braintumor.imaging.refusal import Refusal
from braintumor.imaging.scan import Scan, SeriesPlace
from braintumor.imaging.source import digest
from braintumor.imaging.tiff import count_pages
from braintumor.settings import Settings


@dataclass(frozen=True, slots=True)
class File:
    """A file and how to read it; `again` where reading it once more is another matter, as for what an archive holds."""

    name: str
    read: Callable[[], bytes]
    reread: Callable[[], bytes] | None = None

    def again(self) -> bytes:
        """Its content once more."""
        return (self.reread or self.read)()


def read_file(file: File, settings: Settings) -> Iterator[Scan | Slice | Refusal]:
    """Every slice of a file. Nothing is raised: what cannot be read is a refusal."""
    data = b""
    try:
        data = file.read()
        yield from _slices(file, data, kind_of(data, file.name), settings)
    except ScanError as error:
        yield Refusal(file.name, str(error), digest(data) if data else None)
    except Exception as error:  # what no parser foresaw costs this file, not those after it
        what = type(error).__name__
        problem = f"{file.name}: the file is damaged and cannot be read ({what}). Export or copy it again."
        yield Refusal(file.name, problem, digest(data) if data else None)


def _slices(file: File, data: bytes, kind: Kind, settings: Settings) -> Iterator[Scan | Slice | Refusal]:
    name = file.name
    if kind is Kind.TIFF and (pages := count_pages(data, name, settings)) > 1:
        yield from _pages(data, pages, name, settings)
    elif kind.is_picture:
        yield read_picture(data, kind, name, settings)
    elif kind is Kind.DICOM:
        sha256 = digest(data)
        facts = read_facts(data, sha256, name, settings)
        yield from (Slice(name, file, sha256, facts, frame) for frame in range(len(facts.frames)))
    elif kind is Kind.NIFTI:
        yield from slices_of(data, digest(data), name, settings)
    elif kind in (Kind.ZIP, Kind.ARCHIVE) and file.reread is not None:
        raise ScanError(f"{name}: it is an archive within an archive. Unpack it and give what is in it.")
    else:
        raise ScanError(not_a_scan(kind, name))


def _pages(data: bytes, pages: int, name: str, settings: Settings) -> Iterator[Scan | Refusal]:
    """Pages of a TIFF; where the first cannot be read, the whole file is refused."""
    sha256 = digest(data)
    for page in range(pages):
        place = SeriesPlace(sha256[:24], f"{pages} pages", page, pages)
        shown = f"{name} [page {page + 1}]"
        try:
            yield read_picture(data, Kind.TIFF, shown, settings, page, place, sha256)
        except ScanError as error:
            yield Refusal(shown, str(error), sha256)
            if page == 0:
                return
