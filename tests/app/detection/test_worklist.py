"""Worklist: order, filter, series, and the data of the slice slider."""

from app_pages.components.detection.viewer import series_data
from app_pages.components.detection.worklist import (
    ReadingStatus,
    WorklistOrder,
    build_worklist,
    count_by_status,
    filter_and_sort,
)
from braintumor.enums import Verdict
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference.decision import Thresholds
from tests.helpers.readings import READINGS, make_reading


def titles(order: WorklistOrder, status: ReadingStatus | None = None) -> list[str]:
    return [item.title for item in filter_and_sort(build_worklist(READINGS), order, status)]


def test_most_suspicious_is_first_and_failures_come_before_no_tumour() -> None:
    assert titles(WorklistOrder.MOST_SUSPICIOUS) == [
        "certain.png", "suspected.png", "uncertain.png", "broken.png", "rejected.png", "clear.png",
    ]  # fmt: skip


def test_order_by_name_and_by_upload() -> None:
    by_name = titles(WorklistOrder.NAME)
    assert by_name == sorted(by_name)
    assert titles(WorklistOrder.UPLOAD) == [reading.name for reading in READINGS]


def test_order_by_probability_puts_rejected_images_and_failures_last() -> None:
    by_probability = titles(WorklistOrder.PROBABILITY)
    assert by_probability[0] == "certain.png"
    assert by_probability[-2:] == ["rejected.png", "broken.png"]


def test_filter_shows_one_status_and_counts_list_every_status() -> None:
    assert titles(WorklistOrder.MOST_SUSPICIOUS, ReadingStatus.FAILED) == ["broken.png"]
    assert count_by_status(READINGS) == {
        ReadingStatus.SUSPECTED: 2,
        ReadingStatus.UNCERTAIN: 1,
        ReadingStatus.FAILED: 1,
        ReadingStatus.REJECTED: 1,
        ReadingStatus.NO_TUMOR: 1,
        ReadingStatus.OUTSIDE_FIELD: 0,
    }


def test_slice_outside_the_field_is_last_without_a_score() -> None:
    neck = make_reading("neck", Verdict.OUTSIDE_FIELD, 0.99)
    items = filter_and_sort(build_worklist([neck, *READINGS]), WorklistOrder.MOST_SUSPICIOUS)
    assert (items[-1].title, items[-1].status, items[-1].score) == ("neck.png", ReadingStatus.OUTSIDE_FIELD, -1.0)
    assert count_by_status([neck])[ReadingStatus.OUTSIDE_FIELD] == 1


def test_series_is_one_item_in_slice_order_opened_at_its_most_suspicious_slice() -> None:
    slices = [
        make_reading(str(index), verdict, 0.5, SeriesPosition("key", "Series 3, T1, 3 slices", index, 3))
        for index, verdict in ((2, Verdict.UNCERTAIN), (0, Verdict.NO_TUMOR_FOUND), (1, Verdict.TUMOR_SUSPECTED))
    ]
    (item,) = build_worklist(slices)
    assert item.title == "Series 3, T1, 3 slices"
    assert [reading.name for reading in item.readings] == ["0.png", "1.png", "2.png"]
    assert item.most_suspicious.name == "1.png"
    assert item.index_of("unit-2") == 2


def test_slice_has_the_colour_of_its_verdict_whatever_its_probability() -> None:
    positions = [SeriesPosition(key="s", title="s", index=number, count=3) for number in range(3)]
    slices = [
        make_reading("0", Verdict.UNCERTAIN, 0.99, positions[0]),
        make_reading("1", Verdict.TUMOR_SUSPECTED, 0.9, positions[1]),
        make_reading("2", Verdict.NO_TUMOR_FOUND, 0.01, positions[2]),
    ]
    (item,) = build_worklist(slices)
    data = series_data(item, slices[0], Thresholds(0.5, 0.5))
    assert data is not None
    assert data["tones"] == ["orange", "red", "green"]
