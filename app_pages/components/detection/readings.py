"""Readings: what came of each slice of the uploaded files; a bad file costs only its own row. Writes nothing."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamlit.runtime.uploaded_file_manager import UploadedFile

from braintumor.errors import BrainTumorError
from braintumor.imaging import Scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.scan_iterator import FailedScan, iter_scans
from braintumor.inference import Detection, Detector
from braintumor.reporting.csv_export import CsvRow, error_row

_LOGGER = logging.getLogger(__name__)
# Files with one of these endings hold all there is to them; of others, several may make one series of slices.
_SINGLE_FILE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".nii", ".nii.gz", ".zip")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one slice: a detection and the picture it was made of, or what is wrong in a sentence.

    `id` stays the same whichever version reads; `row` is the row of a file that could not be read, of its moment.
    """

    id: str
    name: str
    sha256: str
    detection: Detection | None = None
    compressed_scan: CompressedScan | None = None
    error: str = ""
    row: CsvRow | None = None

    @property
    def version(self) -> str:
        """The version that read it, or would have."""
        return self.detection.model_version if self.detection else str((self.row or {}).get("model_version", ""))


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Uploaded files that are read together: one picture, volume or archive, or all the `loose` (DICOM) files."""

    files: tuple[UploadedFile, ...]
    is_dicom_group: bool = False

    @property
    def key(self) -> str:
        """What tells this unit from others; another where a file has come or gone."""
        return _short_hash("|".join(file.file_id for file in self.files))

    @property
    def name(self) -> str:
        """What the ids of its readings begin with: the same for loose files, however many there are."""
        return "loose" if self.is_dicom_group else self.key


def group_files(files: Iterable[UploadedFile]) -> list[FileGroup]:
    """Uploaded files as units, in their order; files that may be slices of one series share the last."""
    units, loose = [], []
    for file in files:
        if file.name.lower().endswith(_SINGLE_FILE_SUFFIXES):
            units.append(FileGroup((file,)))
        else:
            loose.append(file)
    return [*units, FileGroup(tuple(loose), is_dicom_group=True)] if loose else units


def group_id(reading_id: str) -> str:
    """Name of the unit that a reading is of."""
    return reading_id.rpartition("-")[0]


def _short_hash(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def read_group(detector: Detector, group: FileGroup, previous: Iterable[Reading] = ()) -> Iterator[Reading]:
    """Readings of a unit, one slice after the other.

    Parameters
    ----------
    before : iterable of Reading
        What another version made of the same unit; then its pictures are read, and no file is decoded again.
    """
    previous = list(previous)
    found = previous or _decode_group(detector, group)
    met: Counter[str] = Counter()
    for number, item in enumerate(found):
        # A slice of loose files is known by what it holds: it stays the same as others come and go.
        place = str(number)
        if group.is_dicom_group:
            held = _short_hash(f"{item.sha256}|{item.name}")
            place, met[held] = f"{held}.{met[held]}", met[held] + 1
        yield _read_item(detector, item, f"{group.name}-{place}")


def _decode_group(detector: Detector, group: FileGroup) -> Iterator[Scan | FailedScan]:
    try:
        yield from iter_scans(((file.name, file.getvalue()) for file in group.files), detector.settings)
    except Exception:
        # Names stay out of the log: they may name a patient.
        _LOGGER.exception("An uploaded file raised what no reader foresaw")
        name = group.files[0].name if len(group.files) == 1 else f"{len(group.files)} files"
        yield FailedScan(name, f"{name}: this could not be read. Export it again, as JPEG, PNG or DICOM.", None)


def _read_item(detector: Detector, item: Scan | FailedScan | Reading, reading_id: str) -> Reading:
    picture = None
    if isinstance(item, Reading):
        picture = item.compressed_scan
        item = FailedScan(item.name, item.error, item.sha256 or None) if picture is None else picture.to_scan()
    if isinstance(item, FailedScan):
        return _failed_reading(detector, item, reading_id)
    try:
        found = detector.detect(item)
        return Reading(reading_id, item.name, item.sha256, found, picture or CompressedScan.from_scan(item))
    except BrainTumorError as error:
        return _failed_reading(detector, FailedScan(item.name, str(error), item.sha256), reading_id)
    except Exception:
        _LOGGER.exception("A scan raised what no model foresaw")
        problem = f"{item.name}: this scan could not be read. Export the slice again as JPEG or PNG and try that."
        return _failed_reading(detector, FailedScan(item.name, problem, item.sha256), reading_id)


def _failed_reading(detector: Detector, failed_scan: FailedScan, reading_id: str) -> Reading:
    row = error_row(failed_scan.name, failed_scan.problem, detector.version, failed_scan.sha256)
    return Reading(reading_id, failed_scan.name, failed_scan.sha256 or "", error=failed_scan.problem, row=row)
