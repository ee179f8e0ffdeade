"""Bench of exploration: the same averages in both ways, ratios and bars as they are said, and absence said too."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from benchmarks.baseline import explore as module
from benchmarks.baseline import run as bench_module
from benchmarks.baseline.averaging import grey_of_colours
from benchmarks.baseline.explore import ABSENT, compare_exploration, exploration_table
from benchmarks.baseline.process import Run
from benchmarks.baseline.run import bench
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
def answered(audited, monkeypatch):
    """Both ways answer at once, and not quite alike; says which were asked."""
    asked = []

    def answer(way, *arguments, n):
        asked.append(way)
        if way == "averaging.ours":
            maps = {"average/glioma": np.full((2, 2), 0.5), "luma/average/glioma": np.full((2, 2), 0.501)}
            np.savez(arguments[2], **maps)
        elif way == "averaging.original":
            np.savez(arguments[1], **{"average/glioma": np.full((2, 2), 0.50002)})
        return Run(20.0 if way == "averaging.original" else 5.0, n / 4, 100.0, {})

    monkeypatch.setattr(module, "run", answer)
    return asked


def test_the_ratio_is_the_original_against_ours_in_turn(answered, audited):
    found = compare_exploration(audited, repeats=2)
    assert answered == ["averaging.ours", "averaging.original"] * 2 + ["averaging.explore"]
    assert found["time_ratio"] == pytest.approx(4.0)
    assert found["largest_difference"] == pytest.approx(2e-5)
    assert found["largest_difference_with_luma"] == pytest.approx(0.00098)
    assert found["peak_megabytes"] == pytest.approx(104.9, abs=0.1)
    assert {name: bar["met"] for name, bar in found["bars"].items()} == MET
    table = exploration_table(found)
    assert "4 (at least 3: met)" in table
    assert "2.0e-05 (at most 0.0001: met)" in table


def test_a_bar_that_is_missed_is_said(answered, audited, monkeypatch):
    monkeypatch.setattr(module, "_largest_difference", lambda *_: 0.01)
    table = exploration_table(compare_exploration(audited, repeats=1))
    assert "1.0e-02 (at most 0.0001: NOT MET)" in table


def test_without_the_set_or_its_manifest_it_is_said_and_nothing_fails(workspace):
    assert compare_exploration(workspace) is None
    assert "braintumor data audit" in exploration_table(None)


def test_one_part_can_be_asked_for_alone(workspace, tmp_path, monkeypatch):
    assert bench(settings=workspace, only="explore", json_file=tmp_path / "b.json") == ABSENT
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["explore"] is None
    monkeypatch.setattr(bench_module, "_reading", lambda *_: pytest.fail("reading was measured"))
    bench(settings=workspace, only="explore")


def test_the_grey_of_colours_is_that_of_keras_where_colours_are_strong():
    """A JPEG's own luma and the grey of its colours differ where decoding cuts colours off."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[16:48, 16:48] = (255, 0, 0)
    stream = io.BytesIO()
    Image.fromarray(red).save(stream, "JPEG", quality=70)
    found = grey_of_colours(stream.getvalue(), "red.jpg", Settings())
    with Image.open(stream) as image:
        np.testing.assert_array_equal(found.values, np.asarray(image.convert("L")))


@pytest.mark.slow
def test_both_ways_give_the_same_averages_side_by_side(audited, monkeypatch):
    monkeypatch.setenv("BRAINTUMOR_WORKERS", "2")
    get_settings.cache_clear()
    found = compare_exploration(audited, repeats=1)
    assert found["n"] == 48
    assert found["largest_difference"] < 1e-4
    assert found["time_ratio"] > 1
    assert 50 < found["peak_megabytes"] < 600
