"""Readings: what came of each slice of the uploaded files; a bad file costs only its own row. Writes nothing."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.reading_picture import Picture
from braintumor.errors import BrainTumorError
from braintumor.imaging import Scan
from braintumor.imaging.intake import Refusal, read_many
from braintumor.inference import Detection, Detector
from braintumor.reporting.csv import Row, error_row

_LOG = logging.getLogger(__name__)
# Files with one of these endings hold all there is to them; of others, several may make one series of slices.
_WHOLE = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".nii", ".nii.gz", ".zip")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one slice: a detection and the picture it was made of, or what is wrong in a sentence.

    `id` stays the same whichever version reads; `row` is the row of a file that could not be read, of its moment.
    """

    id: str
    name: str
    sha256: str
    detection: Detection | None = None
    picture: Picture | None = None
    error: str = ""
    row: Row | None = None

    @property
    def version(self) -> str:
        """The version that read it, or would have."""
        return self.detection.model_version if self.detection else str((self.row or {}).get("model_version", ""))


@dataclass(frozen=True, slots=True)
class Unit:
    """Uploaded files that are read together: one picture, volume or archive, or all the `loose` (DICOM) files."""

    files: tuple[UploadedFile, ...]
    loose: bool = False

    @property
    def key(self) -> str:
        """What tells this unit from others; another where a file has come or gone."""
        return _digest("|".join(file.file_id for file in self.files))

    @property
    def name(self) -> str:
        """What the ids of its readings begin with: the same for loose files, however many there are."""
        return "loose" if self.loose else self.key


def units_of(files: Iterable[UploadedFile]) -> list[Unit]:
    """Uploaded files as units, in their order; files that may be slices of one series share the last."""
    units, loose = [], []
    for file in files:
        if file.name.lower().endswith(_WHOLE):
            units.append(Unit((file,)))
        else:
            loose.append(file)
    return [*units, Unit(tuple(loose), loose=True)] if loose else units


def unit_of(reading_id: str) -> str:
    """Name of the unit that a reading is of."""
    return reading_id.rpartition("-")[0]


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def read_unit(detector: Detector, unit: Unit, before: Iterable[Reading] = ()) -> Iterator[Reading]:
    """Readings of a unit, one slice after the other.

    Parameters
    ----------
    before : iterable of Reading
        What another version made of the same unit; then its pictures are read, and no file is decoded again.
    """
    before = list(before)
    found = before or _decoded(detector, unit)
    met: Counter[str] = Counter()
    for number, item in enumerate(found):
        # A slice of loose files is known by what it holds: it stays the same as others come and go.
        place = str(number)
        if unit.loose:
            held = _digest(f"{item.sha256}|{item.name}")
            place, met[held] = f"{held}.{met[held]}", met[held] + 1
        yield _read(detector, item, f"{unit.name}-{place}")


def _decoded(detector: Detector, unit: Unit) -> Iterator[Scan | Refusal]:
    try:
        yield from read_many(((file.name, file.getvalue()) for file in unit.files), detector.settings)
    except Exception:
        # Names stay out of the log: they may name a patient.
        _LOG.exception("An uploaded file raised what no reader foresaw")
        name = unit.files[0].name if len(unit.files) == 1 else f"{len(unit.files)} files"
        yield Refusal(name, f"{name}: this could not be read. Export it again, as JPEG, PNG or DICOM.", None)


def _read(detector: Detector, item: Scan | Refusal | Reading, key: str) -> Reading:
    picture = None
    if isinstance(item, Reading):
        picture = item.picture
        item = Refusal(item.name, item.error, item.sha256 or None) if picture is None else picture.scan()
    if isinstance(item, Refusal):
        return _refused(detector, item, key)
    try:
        found = detector.detect(item)
        return Reading(key, item.name, item.sha256, found, picture or Picture.of(item))
    except BrainTumorError as error:
        return _refused(detector, Refusal(item.name, str(error), item.sha256), key)
    except Exception:
        _LOG.exception("A scan raised what no model foresaw")
        problem = f"{item.name}: this scan could not be read. Export the slice again as JPEG or PNG and try that."
        return _refused(detector, Refusal(item.name, problem, item.sha256), key)


def _refused(detector: Detector, refusal: Refusal, key: str) -> Reading:
    row = error_row(refusal.name, refusal.problem, detector.version, refusal.sha256)
    return Reading(key, refusal.name, refusal.sha256 or "", error=refusal.problem, row=row)
