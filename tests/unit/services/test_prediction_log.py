"""PredictionLog: one row per content, name and version, newest first, with the reader's finding, in any store."""

from datetime import timedelta

import pytest

from braintumor.reporting.csv_export import CsvRow, error_row
from braintumor.reporting.findings import ReaderFinding
from braintumor.services.prediction_log import InMemoryPredictionStore, PredictionLog, RowKey
from tests.helpers.readings import NOON, make_detection


@pytest.fixture
def log() -> PredictionLog:
    return PredictionLog()


def names(log: PredictionLog) -> list[object]:
    return [row["name"] for row in log.list_rows()]


def test_new_log_is_empty(log: PredictionLog) -> None:
    assert log.list_rows() == []
    assert log.count_dropped() == 0


def test_newest_row_comes_first(log: PredictionLog) -> None:
    for minute, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        log.record(make_detection(name, minute))
    assert names(log) == ["c.jpg", "b.jpg", "a.jpg"]


def test_scan_read_again_is_one_row_and_the_newest(log: PredictionLog) -> None:
    log.record(make_detection("a.jpg", 0))
    log.record(make_detection("b.jpg", 1))
    log.record(make_detection("a.jpg", 2))
    assert names(log) == ["a.jpg", "b.jpg"]
    assert log.list_rows()[0]["timestamp"] == (NOON + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_recording_on_every_rerun_changes_nothing(log: PredictionLog) -> None:
    detections = [make_detection("a.jpg", 0), make_detection("b.jpg", 1)]
    for detection in detections:
        log.record(detection)
    log.record(detections[0])
    assert names(log) == ["b.jpg", "a.jpg"]


def test_another_version_name_or_content_is_another_row(log: PredictionLog) -> None:
    log.record(make_detection("a.jpg", sha256="1" * 64))
    log.record(make_detection("a.jpg", sha256="2" * 64))
    log.record(make_detection("b.jpg", sha256="1" * 64))
    log.record(make_detection("a.jpg", sha256="1" * 64, version="v4"))
    assert len(log.list_rows()) == 4


def test_finding_stays_until_another_is_given(log: PredictionLog) -> None:
    log.record(make_detection("a.jpg"), ReaderFinding("glioma", "ring"))
    log.record(make_detection("a.jpg", 1))
    row = log.list_rows()[0]
    assert (row["reader_finding"], row["reader_comment"]) == ("glioma", "ring")
    log.record(make_detection("a.jpg", 1), ReaderFinding(""))
    row = log.list_rows()[0]
    assert (row["reader_finding"], row["reader_comment"]) == ("", "")


def test_unreadable_file_is_logged(log: PredictionLog) -> None:
    log.record(error_row("cut.jpg", "cut.jpg: the file is damaged.", "v1"))
    assert log.list_rows()[0]["error"] == "cut.jpg: the file is damaged."


def test_empty_row_is_ignored(log: PredictionLog) -> None:
    log.record({})
    assert log.list_rows() == []


def test_oldest_rows_are_dropped_and_counted() -> None:
    log = PredictionLog(InMemoryPredictionStore(max_rows=3))
    for minute in range(5):
        log.record(make_detection(f"{minute}.jpg", minute))
    assert names(log) == ["4.jpg", "3.jpg", "2.jpg"]
    assert log.count_dropped() == 2


def test_changing_a_listed_row_does_not_change_the_log(log: PredictionLog) -> None:
    log.record(make_detection("a.jpg"))
    log.list_rows()[0]["name"] = "other"
    assert names(log) == ["a.jpg"]


def test_clear_deletes_everything() -> None:
    log = PredictionLog(InMemoryPredictionStore(max_rows=1))
    log.record(make_detection("a.jpg", 0))
    log.record(make_detection("b.jpg", 1))
    log.clear()
    assert log.list_rows() == []
    assert log.count_dropped() == 0


def test_log_uses_any_store() -> None:
    class OtherStore:
        """A store that is not in memory, as far as the log knows."""

        def __init__(self) -> None:
            self.saved: list[tuple[RowKey, CsvRow]] = []

        def get(self, key: RowKey) -> CsvRow | None:
            return dict(self.saved).get(key)

        def save(self, key: RowKey, row: CsvRow) -> None:
            self.saved.append((key, row))

        def list_rows(self) -> list[CsvRow]:
            return [row for _, row in reversed(self.saved)]

        def count_dropped(self) -> int:
            return 0

        def clear(self) -> None:
            self.saved.clear()

    store = OtherStore()
    log = PredictionLog(store)
    log.record(make_detection("a.jpg", sha256="1" * 64), ReaderFinding("glioma"))
    log.record(make_detection("a.jpg", 1, sha256="1" * 64))
    assert [key for key, _ in store.saved] == [("1" * 64, "a.jpg", "v1")] * 2
    assert [row["reader_finding"] for row in log.list_rows()] == ["glioma", "glioma"]
