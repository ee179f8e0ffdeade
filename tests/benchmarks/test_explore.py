"""Benchmark of exploration: equal averages by both methods, ratios and targets, and a missing image set."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from benchmarks.baseline import explore as module
from benchmarks.baseline import run as benchmark_module
from benchmarks.baseline.averaging import read_with_converted_gray
from benchmarks.baseline.explore import NO_IMAGE_SET, compare_exploration, format_exploration
from benchmarks.baseline.process import Run
from benchmarks.baseline.run import run_benchmark
from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.settings import Settings, get_settings

MET = {"time_ratio": True, "largest_difference": True, "peak_megabytes": True}


@pytest.fixture
def audited(workspace):
    """Phantoms with their manifest."""
    write_phantoms(workspace.dataset, per_class=12)
    audit_dataset(workspace)
    return workspace


@pytest.fixture
def calls(audited, monkeypatch):
    """The methods that were run; both return at once, with slightly different maps."""
    calls = []

    def fake_run(method, *arguments, n):
        calls.append(method)
        if method == "averaging.ours":
            maps = {"average/glioma": np.full((2, 2), 0.5), "luma/average/glioma": np.full((2, 2), 0.501)}
            np.savez(arguments[2], **maps)
        elif method == "averaging.original":
            np.savez(arguments[1], **{"average/glioma": np.full((2, 2), 0.50002)})
        return Run(20.0 if method == "averaging.original" else 5.0, n / 4, 100.0, {})

    monkeypatch.setattr(module, "run", fake_run)
    return calls


def test_ratio_compares_alternating_runs(calls, audited):
    result = compare_exploration(audited, repeats=2)
    assert calls == ["averaging.ours", "averaging.original"] * 2 + ["averaging.explore"]
    assert result["time_ratio"] == pytest.approx(4.0)
    assert result["largest_difference"] == pytest.approx(2e-5)
    assert result["largest_difference_with_luma"] == pytest.approx(0.00098)
    assert result["peak_megabytes"] == pytest.approx(104.9, abs=0.1)
    assert {name: bar["met"] for name, bar in result["bars"].items()} == MET
    table = format_exploration(result)
    assert "4 (at least 3: met)" in table
    assert "2.0e-05 (at most 0.0001: met)" in table


def test_missed_target_is_reported(calls, audited, monkeypatch):
    monkeypatch.setattr(module, "_largest_difference", lambda *_: 0.01)
    table = format_exploration(compare_exploration(audited, repeats=1))
    assert "1.0e-02 (at most 0.0001: NOT MET)" in table


def test_missing_image_set_is_reported_without_failure(workspace):
    assert compare_exploration(workspace) is None
    assert "braintumor data audit" in format_exploration(None)


def test_single_comparison_can_be_run(workspace, tmp_path, monkeypatch):
    assert run_benchmark(settings=workspace, only="explore", json_file=tmp_path / "b.json") == NO_IMAGE_SET
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["explore"] is None
    monkeypatch.setattr(benchmark_module, "_compare_prediction", lambda *_: pytest.fail("prediction was measured"))
    run_benchmark(settings=workspace, only="explore")


def test_converted_gray_equals_that_of_keras_for_saturated_colors():
    """The luma of a JPEG differs from the grey of its colours where decoding clips them."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[16:48, 16:48] = (255, 0, 0)
    stream = io.BytesIO()
    Image.fromarray(red).save(stream, "JPEG", quality=70)
    scan = read_with_converted_gray(stream.getvalue(), "red.jpg", Settings())
    with Image.open(stream) as image:
        np.testing.assert_array_equal(scan.values, np.asarray(image.convert("L")))


@pytest.mark.slow
def test_both_methods_give_the_same_averages(audited, monkeypatch):
    monkeypatch.setenv("BRAINTUMOR_WORKERS", "2")
    get_settings.cache_clear()
    result = compare_exploration(audited, repeats=1)
    assert result["n"] == 48
    assert result["largest_difference"] < 1e-4
    assert result["time_ratio"] > 1
    assert 50 < result["peak_megabytes"] < 600
