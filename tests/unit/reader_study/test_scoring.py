"""Reader against model: shares with honest intervals, a difference that says when it is not decided."""

import numpy as np
import pytest
from scipy.stats import binomtest

from braintumor.reader_study.scoring import PairedReading, compare_reader, summarize_reader_comparison, wilson_interval


def _bouts(both: int = 0, reader: int = 0, model: int = 0, neither: int = 0) -> list[PairedReading]:
    kinds = [(True, True)] * both + [(True, False)] * reader + [(False, True)] * model + [(False, False)] * neither
    return [PairedReading(mine, its, f"g{number}") for number, (mine, its) in enumerate(kinds)]


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (7, 10), (10, 10), (93, 100)])
def test_a_share_has_wilsons_interval(right: int, n: int) -> None:
    known = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx((known.low, known.high), abs=1e-9)


def test_shares_and_difference_are_those_counted() -> None:
    match = compare_reader(_bouts(both=5, reader=2, model=1, neither=2))
    assert (match.reader.value, match.model.value) == (0.7, 0.6)
    assert match.difference.value == pytest.approx(0.1)
    assert match.reader.n == match.model.n == match.difference.n == 10


def test_scans_of_one_patient_count_as_one_for_the_interval() -> None:
    alone = compare_reader([PairedReading(True, False, f"g{i}") for i in range(12)])
    together = compare_reader([PairedReading(True, False, f"g{i % 3}") for i in range(12)])
    few = compare_reader([PairedReading(True, False, f"g{i}") for i in range(3)])
    assert together.reader.interval == few.reader.interval
    assert together.difference.interval == few.difference.interval
    assert alone.difference.interval != few.difference.interval
    assert (together.reader.n, together.reader.groups) == (12, 3)


def test_one_scan_decides_nothing() -> None:
    for bouts in (_bouts(both=1), _bouts(reader=1), _bouts(model=1), _bouts(neither=1)):
        match = compare_reader(bouts)
        assert not match.is_significant
        assert "not decided yet" in summarize_reader_comparison(match, "Model v1")


def test_always_agreeing_decides_nothing_however_long() -> None:
    assert not compare_reader(_bouts(both=300, neither=100)).is_significant


@pytest.mark.parametrize("swapped", [False, True])
def test_a_clear_lead_is_called_and_named(swapped: bool) -> None:
    match = compare_reader(_bouts(both=20, model=20) if swapped else _bouts(both=20, reader=20))
    assert match.is_significant
    said = summarize_reader_comparison(match, "Model v1")
    assert said.startswith("Model v1 was right more often, by 50.0" if swapped else "You were right more often than")
    assert "\N{MINUS SIGN}" not in said


@pytest.mark.parametrize("shares", [(0.85, 0.05, 0.05, 0.05), (0.6, 0.25, 0.1, 0.05), (0.9, 0.08, 0.01, 0.01)])
@pytest.mark.parametrize("n", [10, 40])
def test_the_intervals_hold_the_truth_as_often_as_they_say(shares: tuple[float, ...], n: int) -> None:
    generator = np.random.default_rng(0)
    truth = shares[1] - shares[2]
    draws = [
        compare_reader(_bouts(*map(int, generator.multinomial(n, shares)))).difference.interval for _ in range(1500)
    ]
    assert np.mean([interval is not None and interval[0] <= truth <= interval[1] for interval in draws]) >= 0.94
