"""Stress test of turned pictures: verdicts on each turn, and a reason where a version has no turn detection."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import Verdict
from braintumor.evaluation.stress_test.context import NotMeasurableError
from braintumor.evaluation.stress_test.turns import measure_turns, measure_verdicts
from braintumor.imaging import Scan, read_scan


class WideMeansTumor:
    """Suspects a tumour in scans that are wider than high."""

    def detect(self, scan: Scan) -> Any:
        assert not scan.is_oriented
        verdict = Verdict.TUMOR_SUSPECTED if scan.width > scan.height else Verdict.NO_TUMOR_FOUND
        return SimpleNamespace(verdict=verdict, turn=0)


def test_false_alarms_and_misses_are_counted_for_each_turn() -> None:
    wide = read_scan(make_phantom("glioma", 1, 128).pixels[:64], "tumour")
    high = read_scan(make_phantom("notumor", 1, 128).pixels[:, :64], "tumour-free")
    columns = measure_verdicts(WideMeansTumor(), [wide, high], np.array([True, False]))  # type: ignore[arg-type]
    np.testing.assert_array_equal(columns["misses"][::2], [0, 1, 0, 1])
    np.testing.assert_array_equal(columns["false_alarms"][1::2], [0, 1, 0, 1])
    assert np.isnan(columns["misses"][1::2]).all()
    assert not columns["turned_back"].any()


def test_a_version_without_turn_detection_is_not_measured() -> None:
    context: Any = SimpleNamespace(card=SimpleNamespace(turn=None))
    with pytest.raises(NotMeasurableError, match="no turn detection"):
        measure_turns(context)
