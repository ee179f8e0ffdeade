"""ReadingService: results in order, streamed, cancellable, reusable by another version, and never an exception."""

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.reporting.csv_export import csv_row
from braintumor.reporting.findings import ReaderFinding
from braintumor.services import file_groups
from braintumor.services.file_groups import FileGroup, GroupKind, group_files
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading, ReadingOptions, group_id
from tests.helpers.phi_dicom import make_phi_dicom
from tests.helpers.scan_files.memory_file import MemoryFile

KEEP_SCAN = ReadingOptions(keep_scan=True)


def png(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(make_phantom(CLASSES[number % 4], number, 64).pixels).save(stream, "PNG")
    return stream.getvalue()


def image_groups(count: int) -> list[FileGroup]:
    return [FileGroup((MemoryFile(f"{n}.png", png(n)),), f"key-{n}", GroupKind.IMAGE) for n in range(count)]


def dicom(number: int) -> MemoryFile:
    content = io.BytesIO()
    make_phi_dicom(number).save_as(content, enforce_file_format=True)
    return MemoryFile(f"IM{number}", content.getvalue())


def series_group(files: list[MemoryFile]) -> FileGroup:
    (group,) = group_files(files, lambda file: file.name)
    return group


@pytest.mark.parametrize("workers", [1, 3])
def test_readings_come_in_order_with_an_error_for_an_unreadable_file(detector: Detector, workers: int) -> None:
    groups = image_groups(20)
    groups[7] = FileGroup((MemoryFile("7.png", b"no image"),), "key-7", GroupKind.IMAGE)
    readings = list(ReadingService(detector, workers).read(groups))
    assert [reading.name for reading in readings] == [f"{n}.png" for n in range(20)]
    assert [reading.name for reading in readings if reading.error] == ["7.png"]
    assert readings[7].detection is None
    assert readings[7].failed_scan is not None
    assert {reading.version for reading in readings} == {"v1"}


def test_row_is_that_of_the_detection_plus_the_finding(detector: Detector) -> None:
    (reading,) = ReadingService(detector).read(image_groups(1))
    assert reading.detection is not None
    assert reading.row == csv_row(reading.detection)
    finding = ReaderFinding("glioma", "ring")
    assert reading.row_with(finding) == csv_row(reading.detection, finding)
    assert reading.row_with(None) == reading.row


@pytest.mark.parametrize("workers", [1, 2])
def test_files_are_decoded_only_as_results_are_requested(
    detector: Detector, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    decode = file_groups.read_scan
    monkeypatch.setattr(file_groups, "read_scan", lambda *args: (decoded.append(args[1]), decode(*args))[1])
    readings = ReadingService(detector, workers).read(image_groups(40))
    next(readings)
    readings.close()
    assert 1 <= len(decoded) <= 4 * workers + 1
    assert [thread for thread in threading.enumerate() if thread.name.startswith("braintumor-read")] == []


def test_slices_of_a_series_have_the_same_ids_when_a_file_is_added(detector: Detector) -> None:
    service, files = ReadingService(detector), [dicom(number) for number in range(3)]
    before = {reading.name: reading.id for reading in service.read([series_group(files[:2])])}
    after = {reading.name: reading.id for reading in service.read([series_group(files)])}
    assert len(set(after.values())) == 3
    assert before.items() <= after.items()
    assert {group_id(reading_id) for reading_id in after.values()} == {series_group(files).id}


def test_same_file_twice_gives_two_ids(detector: Detector) -> None:
    readings = list(ReadingService(detector).read([series_group([dicom(1), dicom(1)])]))
    assert len({reading.id for reading in readings}) == 2


def test_second_version_uses_the_scans_of_the_first(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [*image_groups(2), FileGroup((MemoryFile("x.png", b"no image"),), "key-x", GroupKind.IMAGE)]
    first = {group.key: list(ReadingService(detector, options=KEEP_SCAN).read([group])) for group in groups}
    monkeypatch.setattr(file_groups, "read_scan", lambda *_: pytest.fail("a file was decoded again"))
    second = list(ReadingService(detector, options=KEEP_SCAN).read(groups, first))
    assert [reading.id for reading in second] == [reading.id for (reading,) in first.values()]
    for (before,), after in zip(first.values(), second, strict=True):
        assert {**after.row, "timestamp": ""} == {**before.row, "timestamp": ""}


def test_scans_overlays_and_report_parts_are_produced_only_on_request(detector: Detector, tmp_path: Any) -> None:
    (plain,) = ReadingService(detector).read(image_groups(1))
    assert plain.compressed_scan is plain.overlay is plain.report_scan is None
    options = ReadingOptions(keep_scan=True, overlay_folder=tmp_path, keep_overlay=True, keep_report_scan=True)
    (reading,) = ReadingService(detector, options=options).read(image_groups(1))
    assert reading.compressed_scan is not None
    assert reading.report_scan is not None
    assert reading.overlay is not None
    assert [path.read_bytes() for path in tmp_path.glob("*.png")] == [reading.overlay]


def test_unexpected_error_of_the_model_costs_one_row(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    detect = Detector.detect

    def fail_once(self: Detector, source: Any, name: str | None = None) -> Any:
        if source.name == "1.png":
            raise RuntimeError("secret detail")
        return detect(self, source, name)

    monkeypatch.setattr(Detector, "detect", fail_once)
    readings = list(ReadingService(detector).read(image_groups(3)))
    assert [bool(reading.error) for reading in readings] == [False, True, False]
    assert readings[1].error.startswith("1.png: could not be read")
    assert "secret" not in readings[1].error
    assert readings[1].sha256 == readings[1].row["sha256"] != ""


def test_overlay_that_cannot_be_saved_raises(detector: Detector, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    service = ReadingService(detector, options=ReadingOptions(overlay_folder=tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        list(service.read(image_groups(1)))


def test_reading_again_needs_the_scan(detector: Detector) -> None:
    groups = image_groups(1)

    def without_scan() -> Iterator[Reading]:
        return ReadingService(detector).read(groups)

    with pytest.raises(ValueError, match="keep_scan"):
        list(ReadingService(detector).read(groups, {groups[0].key: list(without_scan())}))
