"""Reader and model are compared with intervals that account for groups and pairs."""

import numpy as np
import pytest
from scipy.stats import binomtest

from braintumor.reader_study.scoring import PairedReading, compare_reader, summarize_reader_comparison
from braintumor.results.intervals import wilson_interval


def _readings(both: int = 0, reader: int = 0, model: int = 0, neither: int = 0) -> list[PairedReading]:
    outcomes = [(True, True)] * both + [(True, False)] * reader + [(False, True)] * model + [(False, False)] * neither
    return [PairedReading(is_reader, is_model, f"g{i}") for i, (is_reader, is_model) in enumerate(outcomes)]


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (7, 10), (10, 10), (93, 100)])
def test_share_has_the_wilson_interval(right: int, n: int) -> None:
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_accuracies_and_their_difference_are_counted() -> None:
    comparison = compare_reader(_readings(both=5, reader=2, model=1, neither=2))
    assert (comparison.reader.value, comparison.model.value) == (0.7, 0.6)
    assert comparison.difference.value == pytest.approx(0.1)
    assert comparison.reader.n == comparison.model.n == comparison.difference.n == 10


def test_interval_counts_groups_not_scans() -> None:
    separate = compare_reader([PairedReading(True, False, f"g{i}") for i in range(12)])
    grouped = compare_reader([PairedReading(True, False, f"g{i % 3}") for i in range(12)])
    few = compare_reader([PairedReading(True, False, f"g{i}") for i in range(3)])
    assert grouped.reader.interval == few.reader.interval
    assert grouped.difference.interval == few.difference.interval
    assert separate.difference.interval != few.difference.interval
    assert (grouped.reader.n, grouped.reader.groups) == (12, 3)


def test_one_scan_is_not_significant() -> None:
    for readings in (_readings(both=1), _readings(reader=1), _readings(model=1), _readings(neither=1)):
        comparison = compare_reader(readings)
        assert not comparison.is_significant
        assert "not decided yet" in summarize_reader_comparison(comparison, "Model v1")


def test_agreement_is_never_significant() -> None:
    assert not compare_reader(_readings(both=300, neither=100)).is_significant


@pytest.mark.parametrize("swapped", [False, True])
def test_clear_lead_is_significant_and_names_the_leader(swapped: bool) -> None:
    comparison = compare_reader(_readings(both=20, model=20) if swapped else _readings(both=20, reader=20))
    assert comparison.is_significant
    summary = summarize_reader_comparison(comparison, "Model v1")
    expected = "Model v1 is more accurate, by 50.0" if swapped else "You are more accurate than Model v1, by 50.0"
    assert summary.startswith(expected)
    assert "\N{MINUS SIGN}" not in summary


@pytest.mark.parametrize("shares", [(0.85, 0.05, 0.05, 0.05), (0.6, 0.25, 0.1, 0.05), (0.9, 0.08, 0.01, 0.01)])
@pytest.mark.parametrize("n", [10, 40])
def test_interval_contains_the_true_difference_in_95_percent_of_samples(shares: tuple[float, ...], n: int) -> None:
    generator = np.random.default_rng(0)
    true_difference = shares[1] - shares[2]
    intervals = [
        compare_reader(_readings(*map(int, generator.multinomial(n, shares)))).difference.interval for _ in range(1500)
    ]
    covered = [interval is not None and interval[0] <= true_difference <= interval[1] for interval in intervals]
    assert np.mean(covered) >= 0.94
