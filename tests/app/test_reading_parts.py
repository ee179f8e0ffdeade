"""Parts of the reading room by themselves: pictures kept small, the order of the list, a job that can be stopped."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from app_pages.components import reading_job, reading_room
from app_pages.components.reading_downloads import _entries
from app_pages.components.reading_job import Job
from app_pages.components.reading_list import Kind, Order, chosen_entries, counts, entries_of
from app_pages.components.reading_picture import Picture, Plane
from app_pages.components.reading_room import Room
from app_pages.components.reading_viewer import _series
from app_pages.components.readings import Reading, Unit
from braintumor.imaging import Scan
from braintumor.imaging.scan import SeriesPlace
from braintumor.inference import Detection
from braintumor.inference.verdict import Thresholds
from braintumor.vocabulary import CLASSES, Verdict


def _scan(name: str = "a.png", series: SeriesPlace | None = None, deep: bool = False) -> Scan:
    values = np.random.default_rng(5).integers(0, 255, (40, 30), dtype=np.uint8)
    raw = values.astype(np.float32) * 12 - 1000 if deep else None
    return Scan(values, name, "ab" * 32, "L", 16 if deep else 8, series=series, raw=raw)


def _reading(key: str, verdict: Verdict, probability: float, series: SeriesPlace | None = None) -> Reading:
    each = dict.fromkeys(CLASSES, 0.25)
    found = Detection(
        f"{key}.png", "ab" * 32, datetime.now(UTC), each, probability, verdict, "", CLASSES[:1], None, "v1", {}
    )
    return Reading(f"unit-{key}", f"{key}.png", "ab" * 32, found, Picture.of(_scan(f"{key}.png", series)))


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
    again = Picture.of(scan).scan()
    np.testing.assert_array_equal(again.to_uint8(), scan.to_uint8())
    assert (again.name, again.sha256, again.bits) == (scan.name, scan.sha256, scan.bits)
    if deep:
        assert again.raw is not None
        assert scan.raw is not None
        np.testing.assert_array_equal(again.raw, scan.raw)


def test_values_between_whole_numbers_are_kept_to_a_65535th_of_their_range() -> None:
    values = np.linspace(-3.7, 12.2, 1200, dtype=np.float32).reshape(40, 30)
    np.testing.assert_allclose(Plane.of(values).values(), values, atol=(12.2 + 3.7) / 65535)


def test_a_picture_takes_less_room_than_its_scan() -> None:
    smooth = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint8)
    picture = Picture.of(replace(_scan(), values=smooth))
    assert len(picture.grey.data) + len(picture.thumb) < smooth.nbytes / 4


def test_the_worst_comes_first_and_what_failed_before_what_was_cleared() -> None:
    order = [entry.title for entry in chosen_entries(entries_of(READINGS), Order.WORST)]
    assert order == ["surely.png", "called.png", "open.png", "broken.png", "odd.png", "clear.png"]


def test_each_order_is_what_it_is_called() -> None:
    entries = entries_of(READINGS)
    by_name = [entry.title for entry in chosen_entries(entries, Order.NAME)]
    assert by_name == sorted(by_name)
    assert [e.title for e in chosen_entries(entries, Order.UPLOAD)] == [r.name for r in READINGS]
    assert chosen_entries(entries, Order.PROBABILITY)[-1].title == "broken.png"
    by_chance = [entry.title for entry in chosen_entries(entries, Order.PROBABILITY)]
    assert by_chance[0] == "surely.png"
    assert by_chance[-2] == "odd.png", "of what is no brain MRI, no tumour was looked for"


def test_a_filter_keeps_one_kind_and_counts_name_every_kind() -> None:
    assert [e.title for e in chosen_entries(entries_of(READINGS), Order.WORST, Kind.FAILED)] == ["broken.png"]
    assert counts(READINGS) == {
        Kind.SUSPECTED: 2, Kind.UNCLEAR: 1, Kind.FAILED: 1, Kind.REFUSED: 1, Kind.CLEAR: 1,
    }  # fmt: skip


def test_slices_of_a_series_are_one_entry_in_slice_order_opened_at_its_worst() -> None:
    slices = [
        _reading(str(place), verdict, 0.5, SeriesPlace("key", "Series 3, T1, 3 slices", place, 3))
        for place, verdict in ((2, Verdict.UNCERTAIN), (0, Verdict.NO_TUMOR_FOUND), (1, Verdict.TUMOR_SUSPECTED))
    ]
    (entry,) = entries_of(slices)
    assert entry.title == "Series 3, T1, 3 slices"
    assert [reading.name for reading in entry.readings] == ["0.png", "1.png", "2.png"]
    assert entry.worst.name == "1.png"
    assert entry.index("unit-2") == 2


def test_a_slice_has_the_tone_of_its_verdict_whatever_its_probability() -> None:
    places = [SeriesPlace(key="s", title="s", index=number, count=3) for number in range(3)]
    group = [
        _reading("0", Verdict.UNCERTAIN, 0.99, places[0]), _reading("1", Verdict.TUMOR_SUSPECTED, 0.9, places[1]),
        _reading("2", Verdict.NO_TUMOR_FOUND, 0.01, places[2]),
    ]  # fmt: skip
    (entry,) = entries_of(group)
    series = _series(entry, group[0], Thresholds(0.5, 0.5))
    assert series is not None
    assert series["tones"] == ["orange", "red", "green"]


class _Detector:
    version = "v1"


def _endless(*_: object) -> Iterator[Reading]:
    while True:
        time.sleep(0.005)
        yield READINGS[0]


def test_a_job_stops_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "read_unit", _endless)
    job = Job(_Detector(), [Unit(())], {})  # type: ignore[arg-type]
    assert job.running
    job.stop()
    job.wait(5)
    assert not job._thread.is_alive()
    assert not job.complete


def test_a_job_that_nobody_asks_about_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "read_unit", _endless)
    monkeypatch.setattr(reading_job, "_ABANDONED", 0.1)
    job = Job(_Detector(), [Unit(())], {})  # type: ignore[arg-type]
    job.wait(5)
    assert not job.running


def test_a_batch_is_unpacked_for_a_report_one_scan_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[str] = []
    plain = Picture.scan
    monkeypatch.setattr(Picture, "scan", lambda picture: (unpacked.append(picture.stub.name), plain(picture))[1])
    entries = iter(_entries(READINGS, {}))
    assert next(entries).scan.name == "clear.png"
    assert unpacked == ["clear.png"]


def test_what_is_done_while_the_room_looks_away_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_room, "units_of", list)
    monkeypatch.setattr(reading_room, "Job", _Steered)
    room, units = Room(), [_Unit("one"), _Unit("two")]
    room.take(_Detector(), units)  # type: ignore[arg-type]
    job = room._job
    assert isinstance(job, _Steered)
    monkeypatch.setattr(job, "seen", lambda: None)
    poll = room.poll

    def then_one_is_done() -> None:
        poll()
        job.finish("one")

    monkeypatch.setattr(room, "poll", then_one_is_done)
    room.take(_Detector(), units)  # type: ignore[arg-type]
    assert room._job is job
    monkeypatch.setattr(room, "poll", poll)
    room.poll()
    assert room.readings() == READINGS[:1]


def test_a_slice_is_gone_with_its_file_or_where_its_files_were_read_without_it() -> None:
    room, unit = Room(), Unit((), loose=True)
    room._units = [unit]
    assert room.gone(["loose-a.0", "other-1"]) == {"other-1"}
    room._done["v1", unit.key] = [Reading("loose-b.0", "b.dcm", "")]
    assert room.gone(["loose-a.0", "loose-b.0"]) == {"loose-a.0"}
    room._units = []
    assert room.gone(["loose-b.0"]) == {"loose-b.0"}


class _Unit:
    files = (None,)

    def __init__(self, key: str) -> None:
        self.key = key


class _Steered:
    """A job that does what the test says and when."""

    running = True

    def __init__(self, detector: _Detector, units: list[_Unit], before: object) -> None:
        self.version = detector.version
        self.readings: dict[str, list[Reading]] = {unit.key: [] for unit in units}
        self.complete: set[str] = set()

    def finish(self, key: str) -> None:
        self.readings[key] = READINGS[:1]
        self.complete.add(key)

    def seen(self) -> None:
        """Somebody waits."""

    def stop(self) -> None:
        """No matter."""

    def wait(self, seconds: float) -> None:
        """Nothing happens meanwhile."""
