"""The answer for a study is saved after its slices, once, and is the same when it is opened again."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from braintumor.db.overview.studies import list_slices
from braintumor.db.search import Record, SearchQuery, open_record, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables.records import STUDY
from braintumor.errors import RecordError
from braintumor.imaging.edits import ScanEdit
from braintumor.inference import Detector
from braintumor.inference.study.detect_study import study_rule
from braintumor.reporting.csv_export import study_row
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.study.result import StudyResult
from braintumor.services.file_groups import group_files
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading, ReadingOptions
from braintumor.services.records.export import export_csv
from braintumor.services.records.saver import ReadingSaver
from braintumor.services.records.study_record import key_positions, restore_study
from braintumor.services.study_results import collect_studies
from braintumor.settings import Settings
from tests.helpers.storage.readings import CARD, add_user
from tests.helpers.studies.volumes import make_phantom_volume


class _File:
    name = "brain.nii"

    def getvalue(self) -> bytes:
        return make_phantom_volume(slices=5, side=40)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = open_storage(Settings(data=tmp_path / "data"))
    yield storage
    storage.close()


@pytest.fixture
def reader(storage: Storage) -> Actor:
    return add_user(storage)


@pytest.fixture
def read(detector: Detector) -> tuple[list[Reading], StudyResult]:
    service = ReadingService(detector, options=ReadingOptions(keep_scan=True))
    readings = list(service.read(group_files([_File()], lambda file: file.name)))
    (study,) = collect_studies(readings, study_rule(detector.artifact.card))
    return readings, study


def _save(storage: Storage, actor: Actor, readings: list[Reading], study: StudyResult) -> list[Record]:
    saver = ReadingSaver(storage, actor)
    for _ in range(2):
        saver.sync(readings, lambda _: ReaderFinding("agree"), lambda _: CARD, [study])
    saver.wait()
    assert saver.status().error == ""
    return search(storage, actor, SearchQuery(level=STUDY)).records


def test_study_is_the_same_when_it_is_opened_again(
    storage: Storage, reader: Actor, read: tuple[list[Reading], StudyResult]
) -> None:
    readings, study = read
    (found,) = _save(storage, reader, readings, study)
    restored = restore_study(open_record(storage, reader, found.reading_id))
    assert restored == replace(study, id=restored.id)
    slices = list_slices(storage, reader, found.scan_id)
    assert len(slices) == len(study.slices) == len(readings)
    assert [study.slices[position] for position in key_positions(restored)] == list(study.reading.key_slices)
    rows = csv.DictReader(io.StringIO(export_csv(storage, reader, SearchQuery(level=STUDY)).decode("utf-8-sig")))
    expected = {name: "" if value is None else str(value) for name, value in study_row(study).items()}
    assert [{name: row[name] for name in ("name", "verdict", "level", "sha256", "timestamp")} for row in rows] == [
        {name: expected[name] for name in ("name", "verdict", "level", "sha256", "timestamp")}
    ]


def test_study_with_a_changed_slice_is_a_record_of_its_own(
    storage: Storage, reader: Actor, read: tuple[list[Reading], StudyResult]
) -> None:
    readings, study = read
    _save(storage, reader, readings, study)
    changed = [replace(readings[0], edit=ScanEdit(turn=1)), *readings[1:]]
    names = {record.name for record in _save(storage, reader, changed, study)}
    assert names == {"brain.nii", "brain.nii [1 slice changed]"}


def test_study_of_another_program_version_is_refused_in_a_sentence(
    storage: Storage, reader: Actor, read: tuple[list[Reading], StudyResult]
) -> None:
    (found,) = _save(storage, reader, *read)
    record = open_record(storage, reader, found.reading_id)
    with pytest.raises(RecordError, match="Read the series again"):
        restore_study(replace(record, payload={"planes": 3}))
