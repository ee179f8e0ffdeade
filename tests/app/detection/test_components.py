"""Parts of the reading room by themselves: pictures kept small, the order of the list, a job that can be stopped."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from app_pages.components.detection import reading_job, session
from app_pages.components.detection.downloads import _iter_report_entries
from app_pages.components.detection.reading_job import Job
from app_pages.components.detection.readings import FileGroup, Reading
from app_pages.components.detection.session import ReadingSession
from app_pages.components.detection.viewer import _series_data
from app_pages.components.detection.worklist import (
    ReadingStatus,
    WorklistOrder,
    build_worklist,
    count_by_status,
    filter_and_sort,
)
from braintumor.enums import CLASSES, Verdict
from braintumor.imaging import Scan
from braintumor.imaging.compressed_scan import CompressedArray, CompressedScan
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference import Detection
from braintumor.inference.decision import Thresholds


def _scan(name: str = "a.png", series: SeriesPosition | None = None, deep: bool = False) -> Scan:
    values = np.random.default_rng(5).integers(0, 255, (40, 30), dtype=np.uint8)
    raw = values.astype(np.float32) * 12 - 1000 if deep else None
    return Scan(values, name, "ab" * 32, "L", 16 if deep else 8, series=series, raw=raw)


def _reading(key: str, verdict: Verdict, probability: float, series: SeriesPosition | None = None) -> Reading:
    each = dict.fromkeys(CLASSES, 0.25)
    found = Detection(
        f"{key}.png", "ab" * 32, datetime.now(UTC), each, probability, verdict, "", CLASSES[:1], None, "v1", {}
    )
    return Reading(f"unit-{key}", f"{key}.png", "ab" * 32, found, CompressedScan.from_scan(_scan(f"{key}.png", series)))


READINGS = [
    _reading("clear", Verdict.NO_TUMOR_FOUND, 0.02),
    _reading("open", Verdict.UNCERTAIN, 0.5),
    Reading("unit-broken", "broken.png", "", error="broken.png: it is damaged."),
    _reading("odd", Verdict.NOT_BRAIN_MRI, 0.99),
    _reading("called", Verdict.TUMOR_SUSPECTED, 0.8),
    _reading("surely", Verdict.TUMOR_SUSPECTED, 0.97),
]


@pytest.mark.parametrize("deep", [False, True])
def test_a_kept_picture_gives_the_scan_again(deep: bool) -> None:
    scan = _scan(deep=deep)
    again = CompressedScan.from_scan(scan).to_scan()
    np.testing.assert_array_equal(again.to_uint8(), scan.to_uint8())
    assert (again.name, again.sha256, again.bits) == (scan.name, scan.sha256, scan.bits)
    if deep:
        assert again.raw is not None
        assert scan.raw is not None
        np.testing.assert_array_equal(again.raw, scan.raw)


def test_values_between_whole_numbers_are_kept_to_a_65535th_of_their_range() -> None:
    values = np.linspace(-3.7, 12.2, 1200, dtype=np.float32).reshape(40, 30)
    np.testing.assert_allclose(CompressedArray.from_array(values).to_array(), values, atol=(12.2 + 3.7) / 65535)


def test_a_picture_takes_less_room_than_its_scan() -> None:
    smooth = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint8)
    picture = CompressedScan.from_scan(replace(_scan(), values=smooth))
    assert len(picture.gray.data) + len(picture.thumbnail) < smooth.nbytes / 4


def test_the_worst_comes_first_and_what_failed_before_what_was_cleared() -> None:
    order = [entry.title for entry in filter_and_sort(build_worklist(READINGS), WorklistOrder.MOST_SUSPICIOUS)]
    assert order == ["surely.png", "called.png", "open.png", "broken.png", "odd.png", "clear.png"]


def test_each_order_is_what_it_is_called() -> None:
    entries = build_worklist(READINGS)
    by_name = [entry.title for entry in filter_and_sort(entries, WorklistOrder.NAME)]
    assert by_name == sorted(by_name)
    assert [e.title for e in filter_and_sort(entries, WorklistOrder.UPLOAD)] == [r.name for r in READINGS]
    assert filter_and_sort(entries, WorklistOrder.PROBABILITY)[-1].title == "broken.png"
    by_chance = [entry.title for entry in filter_and_sort(entries, WorklistOrder.PROBABILITY)]
    assert by_chance[0] == "surely.png"
    assert by_chance[-2] == "odd.png", "of what is no brain MRI, no tumour was looked for"


def test_a_filter_keeps_one_kind_and_counts_name_every_kind() -> None:
    assert [
        e.title for e in filter_and_sort(build_worklist(READINGS), WorklistOrder.MOST_SUSPICIOUS, ReadingStatus.FAILED)
    ] == ["broken.png"]
    assert count_by_status(READINGS) == {
        ReadingStatus.SUSPECTED: 2, ReadingStatus.UNCERTAIN: 1, ReadingStatus.FAILED: 1, ReadingStatus.REJECTED: 1, ReadingStatus.NO_TUMOR: 1,
    }  # fmt: skip


def test_slices_of_a_series_are_one_entry_in_slice_order_opened_at_its_worst() -> None:
    slices = [
        _reading(str(place), verdict, 0.5, SeriesPosition("key", "Series 3, T1, 3 slices", place, 3))
        for place, verdict in ((2, Verdict.UNCERTAIN), (0, Verdict.NO_TUMOR_FOUND), (1, Verdict.TUMOR_SUSPECTED))
    ]
    (entry,) = build_worklist(slices)
    assert entry.title == "Series 3, T1, 3 slices"
    assert [reading.name for reading in entry.readings] == ["0.png", "1.png", "2.png"]
    assert entry.most_suspicious.name == "1.png"
    assert entry.index_of("unit-2") == 2


def test_a_slice_has_the_tone_of_its_verdict_whatever_its_probability() -> None:
    places = [SeriesPosition(key="s", title="s", index=number, count=3) for number in range(3)]
    group = [
        _reading("0", Verdict.UNCERTAIN, 0.99, places[0]), _reading("1", Verdict.TUMOR_SUSPECTED, 0.9, places[1]),
        _reading("2", Verdict.NO_TUMOR_FOUND, 0.01, places[2]),
    ]  # fmt: skip
    (entry,) = build_worklist(group)
    series = _series_data(entry, group[0], Thresholds(0.5, 0.5))
    assert series is not None
    assert series["tones"] == ["orange", "red", "green"]


class _Detector:
    version = "v1"


def _endless(*_: object) -> Iterator[Reading]:
    while True:
        time.sleep(0.005)
        yield READINGS[0]


def test_a_job_stops_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "read_group", _endless)
    job = Job(_Detector(), [FileGroup(())], {})  # type: ignore[arg-type]
    assert job.is_running
    job.stop()
    job.wait(5)
    assert not job._thread.is_alive()
    assert not job.completed


def test_a_job_that_nobody_asks_about_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "read_group", _endless)
    monkeypatch.setattr(reading_job, "IDLE_TIMEOUT", 0.1)
    job = Job(_Detector(), [FileGroup(())], {})  # type: ignore[arg-type]
    job.wait(5)
    assert not job.is_running


def test_a_batch_is_unpacked_for_a_report_one_scan_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[str] = []
    plain = CompressedScan.to_scan
    monkeypatch.setattr(
        CompressedScan, "to_scan", lambda picture: (unpacked.append(picture.stub.name), plain(picture))[1]
    )
    entries = iter(_iter_report_entries(READINGS, {}))
    assert next(entries).scan.name == "clear.png"
    assert unpacked == ["clear.png"]


def test_what_is_done_while_the_room_looks_away_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "group_files", list)
    monkeypatch.setattr(session, "Job", _Steered)
    room, units = ReadingSession(), [_Unit("one"), _Unit("two")]
    room.sync_files(_Detector(), units)  # type: ignore[arg-type]
    job = room._job
    assert isinstance(job, _Steered)
    monkeypatch.setattr(job, "keep_alive", lambda: None)
    poll = room.collect

    def then_one_is_done() -> None:
        poll()
        job.finish("one")

    monkeypatch.setattr(room, "collect", then_one_is_done)
    room.sync_files(_Detector(), units)  # type: ignore[arg-type]
    assert room._job is job
    monkeypatch.setattr(room, "collect", poll)
    room.collect()
    assert room.readings() == READINGS[:1]


def test_a_slice_is_gone_with_its_file_or_where_its_files_were_read_without_it() -> None:
    room, unit = ReadingSession(), FileGroup((), is_dicom_group=True)
    room._file_groups = [unit]
    assert room.removed_ids(["loose-a.0", "other-1"]) == {"other-1"}
    room._completed["v1", unit.key] = [Reading("loose-b.0", "b.dcm", "")]
    assert room.removed_ids(["loose-a.0", "loose-b.0"]) == {"loose-a.0"}
    room._file_groups = []
    assert room.removed_ids(["loose-b.0"]) == {"loose-b.0"}


class _Unit:
    files = (None,)

    def __init__(self, key: str) -> None:
        self.key = key


class _Steered:
    """A job that does what the test says and when."""

    is_running = True

    def __init__(self, detector: _Detector, units: list[_Unit], before: object) -> None:
        self.version = detector.version
        self.readings: dict[str, list[Reading]] = {unit.key: [] for unit in units}
        self.completed: set[str] = set()

    def finish(self, key: str) -> None:
        self.readings[key] = READINGS[:1]
        self.completed.add(key)

    def seen(self) -> None:
        """Somebody waits."""

    def stop(self) -> None:
        """No matter."""

    def wait(self, seconds: float) -> None:
        """Nothing happens meanwhile."""
