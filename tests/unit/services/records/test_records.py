"""A saved and loaded reading shows the same result; readings are saved in the background, each once."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.db.records import StoredScan, read_stored_scan
from braintumor.db.search import Record, SearchQuery, list_readings, open_record, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.enums import TumorClass
from braintumor.errors import RecordError, StorageError
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit
from braintumor.imaging.scan import make_scan
from braintumor.imaging.windowing import GrayImage
from braintumor.inference import Detector
from braintumor.reporting.csv_export import csv_row
from braintumor.reporting.findings import AGREE, ReaderFinding
from braintumor.services.file_groups import FileGroup, GroupKind
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading, ReadingOptions
from braintumor.services.records import export
from braintumor.services.records.reading_record import hash_card, read_again, restore_reading
from braintumor.services.records.saver import ReadingSaver
from braintumor.services.records.scan_file import pack_scan, unpack_scan
from braintumor.settings import Settings
from tests.helpers.storage.readings import add_user, save
from tests.helpers.versions.tiny import model_bytes, write_version


class _Upload:
    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._content = name, content

    def getvalue(self) -> bytes:
        return self._content


@pytest.fixture
def masked(workspace: Settings) -> Detector:
    content = model_bytes(masked=True)
    files = {"model.onnx": hashlib.sha256(content).hexdigest()}
    write_version(workspace.outputs, model=content, files=files)
    return Detector.load("v1", workspace)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = open_storage(Settings(data=tmp_path / "data"))
    yield storage
    storage.close()


@pytest.fixture
def reader(storage: Storage) -> Actor:
    return add_user(storage)


def _read(detector: Detector, *names: str) -> list[Reading]:
    groups = []
    for number, name in enumerate(names):
        file = io.BytesIO()
        Image.fromarray(make_phantom(TumorClass.GLIOMA, 40 + number, 192).pixels).save(file, "PNG")
        groups.append(FileGroup((_Upload(name, file.getvalue()),), f"{name}-{number}", GroupKind.IMAGE))
    return list(ReadingService(detector, options=ReadingOptions(keep_scan=True)).read(groups))


def _save(storage: Storage, actor: Actor, detector: Detector, readings: list[Reading], **findings: Any) -> None:
    saver = ReadingSaver(storage, actor)
    saver.sync(readings, lambda reading: findings.get(reading.name), lambda _: hash_card(detector.artifact))
    saver.wait()
    assert saver.status().error == ""


def _load(storage: Storage, actor: Actor) -> tuple[Record, StoredScan]:
    found = search(storage, actor, SearchQuery()).records[0]
    return open_record(storage, actor, found.reading_id), read_stored_scan(storage, actor, found.scan_id)


def test_saved_and_loaded_reading_is_the_same(storage: Storage, reader: Actor, masked: Detector) -> None:
    (reading,) = _read(masked, "a.png")
    _save(storage, reader, masked, [reading], **{"a.png": ReaderFinding(AGREE, "seen before")})
    restored = restore_reading(*_load(storage, reader), masked)
    before, after = reading.detection, restored.reading.detection
    assert before is not None
    assert after is not None
    assert restored.note == ""
    assert restored.finding == ReaderFinding(AGREE, "seen before")
    assert restored.reading.row == reading.row
    assert after.timestamp == before.timestamp
    for name in (
        "verdict", "reason", "probabilities", "prediction_set", "ood_score", "milliseconds", "warnings", "turn",
        "area_pixels", "diameter_pixels",
    ):  # fmt: skip
        assert getattr(after, name) == getattr(before, name), name
    assert before.mask is not None
    assert after.mask is not None
    assert np.array_equal(after.mask, before.mask)
    assert reading.compressed_scan is not None
    assert restored.reading.compressed_scan is not None
    assert restored.reading.compressed_scan.gray == reading.compressed_scan.gray


def test_result_keeps_its_sizes_when_the_version_is_gone(storage: Storage, reader: Actor, masked: Detector) -> None:
    (reading,) = _read(masked, "a.png")
    _save(storage, reader, masked, [reading])
    restored = restore_reading(*_load(storage, reader), None)
    assert reading.detection is not None
    assert restored.reading.detection is not None
    assert "overlays cannot be drawn" in restored.note
    assert restored.reading.detection.mask is None
    assert restored.reading.detection.area_pixels == reading.detection.area_pixels
    assert csv_row(restored.reading.detection) == reading.row


def test_results_without_scan_are_shown(storage: Storage, reader: Actor, masked: Detector) -> None:
    _save(storage, reader, masked, _read(masked, "a.png"))
    restored = restore_reading(_load(storage, reader)[0], None, masked)
    assert restored.reading.compressed_scan is None
    assert "no longer stored" in restored.note


def test_changed_scan_is_a_record_of_its_own(storage: Storage, reader: Actor, masked: Detector) -> None:
    (reading,) = _read(masked, "a.png")
    service = ReadingService(masked, options=ReadingOptions(keep_scan=True))
    changed = service.reread(reading, ScanEdit(turn=1, is_upright=True))
    _save(storage, reader, masked, [reading, changed])
    names = {record.name for record in search(storage, reader, SearchQuery()).records}
    assert names == {"a.png", "a.png [turned right by 90 degrees]"}
    record, stored = _load(storage, reader)
    restored = restore_reading(record, stored, masked).reading
    assert record.name.endswith("degrees]")
    assert restored.compressed_scan is not None
    assert changed.compressed_scan is not None
    assert np.array_equal(restored.compressed_scan.gray.to_array(), changed.compressed_scan.gray.to_array())


def test_reading_again_with_another_version_adds_a_reading(storage: Storage, reader: Actor, masked: Detector) -> None:
    (reading,) = _read(masked, "a.png")
    _save(storage, reader, masked, [reading])
    record, stored = _load(storage, reader)
    folder = masked.artifact.folder
    second = folder.with_name("v2")
    second.mkdir()
    for file in folder.iterdir():
        (second / file.name).write_bytes(file.read_bytes())
    card = json.loads((second / "card.json").read_text())
    (second / "card.json").write_text(json.dumps({**card, "version": "v2"}))
    other = Detector.load("v2", masked.settings)
    again = read_again(record, stored, other)
    _save(storage, reader, other, [again])
    both = list_readings(storage, reader, record.scan_id)
    assert [each.version for each in both] == ["v2", "v1"]
    assert both[0].tumor_probability == both[1].tumor_probability == record.tumor_probability


def test_reading_is_saved_once_and_its_finding_follows(storage: Storage, reader: Actor, masked: Detector) -> None:
    readings = _read(masked, "a.png", "b.png")
    saver, card, finding = ReadingSaver(storage, reader), hash_card(masked.artifact), ReaderFinding()
    failed = replace(readings[0], id="x-0", detection=None)
    for opinion in ("", AGREE, AGREE, "glioma", ""):
        finding = ReaderFinding(opinion)
        saver.sync([*readings, failed], lambda _: finding, lambda _: card)  # noqa: B023 - called at once
        saver.wait()
        assert saver.status().error == ""
        assert {record.opinion for record in search(storage, reader, SearchQuery()).records} == {opinion}
    assert saver.status().saved == 2
    assert len(search(storage, reader, SearchQuery()).records) == 2


def test_failed_saving_is_reported_and_can_be_repeated(
    storage: Storage, reader: Actor, masked: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StorageError("The disk is full. Free some space.")

    (reading,) = _read(masked, "a.png")
    saver = ReadingSaver(storage, reader)
    with monkeypatch.context() as patch:
        patch.setattr("braintumor.services.records.saver.save_readings", fail)
        saver.sync([reading], lambda _: None, lambda _: "c" * 64)
        saver.wait()
    assert (saver.status().saved, saver.status().error) == (0, "The disk is full. Free some space.")
    saver.retry()
    saver.sync([reading], lambda _: None, lambda _: "c" * 64)
    saver.wait()
    assert (saver.status().saved, saver.status().error) == (1, "")


def test_scan_of_16_bits_is_stored_exactly() -> None:
    raw = np.linspace(-1000, 3000, 64 * 80, dtype=np.float32).reshape(64, 80)
    values = np.clip(raw / 3000, 0, 1).astype(np.float32)
    scan = make_scan(GrayImage(values, raw, (1000.0, 4000.0)), "slice [axial 3]", "a" * 64, "I;16")
    compressed = CompressedScan.from_scan(scan)
    content = pack_scan(compressed)
    restored = unpack_scan(content, "slice")
    assert content == pack_scan(compressed)
    assert restored.gray == compressed.gray
    assert restored.high_bit_depth == compressed.high_bit_depth
    assert restored.model_gray == compressed.model_gray
    assert (restored.stub.name, restored.stub.window) == ("slice [axial 3]", scan.window)


def test_damaged_scan_is_an_error() -> None:
    with pytest.raises(StorageError, match=r"The stored scan of a\.png cannot be read"):
        unpack_scan(b"not a zip", "a.png")


def test_record_of_another_program_is_an_error(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 1)
    record, stored = _load(storage, reader)
    with pytest.raises(RecordError, match="another version of this program"):
        restore_reading(record, stored, None)
    (row,) = csv.DictReader(io.StringIO(export.export_csv(storage, reader, SearchQuery()).decode("utf-8-sig")))
    assert (row["name"], row["verdict"], bool(row["error"])) == ("scan-1.png", "tumor suspected", True)


def test_zip_has_rows_and_pictures(storage: Storage, reader: Actor, masked: Detector) -> None:
    _save(storage, reader, masked, _read(masked, "a.png", "=b.png"))
    content = export.export_records_zip(storage, reader, SearchQuery(), lambda _: masked)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        rows = list(csv.DictReader(io.StringIO(archive.read("history.csv").decode("utf-8-sig"))))
    assert sorted(row["name"] for row in rows) == ["'=b.png", "a.png"]
    assert [sum(name.startswith(folder) for name in names) for folder in ("scans/", "overlays/")] == [2, 2]


def test_zip_of_too_many_records_is_refused(
    storage: Storage, reader: Actor, masked: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_ZIP_RECORDS", 1)
    _save(storage, reader, masked, _read(masked, "a.png", "b.png"))
    with pytest.raises(RecordError, match="Narrow the search"):
        export.export_records_zip(storage, reader, SearchQuery(), lambda _: masked)
