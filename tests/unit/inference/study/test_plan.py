"""Which slices are read: one every 6 mm, then around suspicious ones, until the verdict on the stack needs no more."""

from collections.abc import Sequence

from braintumor.imaging import SeriesPosition
from braintumor.inference.study import StudyRule, StudySlice
from braintumor.inference.study.plan import StackPlan
from tests.helpers.studies.study_slices import lesion_between, make_slice

RULE = StudyRule()


def positions(count: int, step: float | None) -> list[SeriesPosition]:
    return [
        SeriesPosition("key", "title", index, count, millimetres=None if step is None else index * step)
        for index in range(count)
    ]


def read_as_planned(log_odds: Sequence[float], step: float = 1.0) -> list[set[int]]:
    """Return the indices of each pass."""
    plan = StackPlan(positions(len(log_odds), step), RULE)
    results: dict[int, StudySlice] = {}
    passes, following = [], plan.coarse()
    while following:
        passes.append(set(following))
        results |= {index: make_slice(log_odds[index], index, step=step) for index in following}
        following = plan.fine(results)
    return passes


def test_coarse_pass_reads_a_slice_every_6_mm_and_all_slices_without_positions():
    assert len(StackPlan(positions(180, 1.0), RULE).coarse()) == 30
    assert StackPlan(positions(24, 6.5), RULE).coarse() == list(range(24))
    assert StackPlan(positions(24, None), RULE).coarse() == list(range(24))


def test_clear_stack_needs_only_the_coarse_pass():
    assert len(read_as_planned(lesion_between(-1, -1, 180))) == 1


def test_lesion_is_read_closely_and_decides_without_further_places():
    coarse, fine = read_as_planned(lesion_between(80, 110, 180))
    assert all(70 <= index <= 120 for index in fine)
    assert 5 <= len(fine) <= 20
    assert not coarse & fine


def test_single_high_slices_are_read_closely_at_three_places_at_most():
    log_odds = lesion_between(-1, -1, 180)
    for index in range(2, 180, 24):
        log_odds[index] = 9.0
    passes = read_as_planned(log_odds)
    assert 2 <= len(passes) <= 4
    assert sum(map(len, passes)) < 90
