"""Latency medians, and ratios of methods timed together."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.latency import median_times


def test_ratio_is_of_medians() -> None:
    times = {"way:whole": np.array([1.0, 2.0, 100.0]), "way:bare": np.array([1.0, 1.0, 1.0])}
    metrics = median_times(times | {"way:keras": np.full(3, 20.0)}, 50)
    assert metrics["ms@way:whole"]["value"] == 2
    assert metrics["ratio@way:bare"]["value"] == 2
    assert metrics["ratio@way:keras"]["value"] == 10
    assert metrics["ratio@way:keras"]["n"] == 3


def test_no_keras_ratio_without_keras() -> None:
    metrics = median_times({"way:whole": np.arange(1.0, 6.0), "way:bare": np.ones(5)}, 20)
    assert "ratio@way:keras" not in metrics
    assert metrics["ratio@way:bare"]["low"] <= 3 <= metrics["ratio@way:bare"]["high"]
    assert metrics["ratio@way:bare"]["value"] == pytest.approx(3)
