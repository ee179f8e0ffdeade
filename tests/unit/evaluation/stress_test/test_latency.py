"""Latency: medians with intervals, and ratios of ways measured together."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.latency import median_times


def test_a_ratio_is_of_medians() -> None:
    times = {"way:whole": np.array([1.0, 2.0, 100.0]), "way:bare": np.array([1.0, 1.0, 1.0])}
    found = median_times(times | {"way:keras": np.full(3, 20.0)}, 50)
    assert found["ms@way:whole"]["value"] == 2
    assert found["ratio@way:bare"]["value"] == 2
    assert found["ratio@way:keras"]["value"] == 10
    assert found["ratio@way:keras"]["n"] == 3


def test_without_keras_there_is_no_ratio_to_it() -> None:
    found = median_times({"way:whole": np.arange(1.0, 6.0), "way:bare": np.ones(5)}, 20)
    assert "ratio@way:keras" not in found
    assert found["ratio@way:bare"]["low"] <= 3 <= found["ratio@way:bare"]["high"]
    assert found["ratio@way:bare"]["value"] == pytest.approx(3)
