"""Bench of training: what the ratios mean, with decoding and without, and that both ways really train."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.baseline import run as bench_module
from benchmarks.baseline import training as training_module
from benchmarks.baseline.__main__ import main
from benchmarks.baseline.process import Run, run
from benchmarks.baseline.training import _folder_of_images, compare_training, training_table
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.settings import Settings

Asked = list[tuple[str, tuple[Any, ...], int]]


def _run(throughput: float) -> Run:
    return Run(1.0, throughput, 500.0, {"decoding": {"seconds": 2.0}})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The runs that were asked for; each gives a fixed answer instead of starting a process."""
    asked: Asked = []

    def answer(way: str, *arguments: Any, n: int) -> Run:
        asked.append((way, arguments, n))
        folders = sorted(Path(arguments[0], "brain-tumor-mri-dataset", "Training").iterdir())
        assert sum(len(list(folder.iterdir())) for folder in folders) == n
        assert all(file.read_bytes() for folder in folders for file in folder.iterdir())
        return _run(50.0 if way.endswith("original") else 150.0 if arguments[1:] else 300.0)

    monkeypatch.setattr(training_module, "run", answer)
    return asked


def test_the_ratio_is_ours_against_the_original_with_decoding_and_without(workspace: Settings, asked: Asked) -> None:
    write_phantoms(workspace.dataset, per_class=12)
    found = compare_training(workspace, repeats=2, images=24)
    assert found["n"] == 24
    assert found["throughput_ratio"] == pytest.approx(6.0)
    assert found["throughput_ratio_in_float32"] == pytest.approx(3.0)
    assert found["throughput_ratio_first_pass"] == pytest.approx(24 / (2.0 + 24 / 300) / 50)
    assert found["throughput_ratio_whole_run"] == pytest.approx(24 * 75 / (2.0 + 24 * 75 / 300) / 50)
    assert found["bars"]["throughput_ratio"] == {"bar": 4.0, "at_most": False, "met": True}
    assert found["files"] == "the Training set"
    ways = [(way, arguments[1:]) for way, arguments, _ in asked]
    once = [("training_ways.ours", ()), ("training_ways.ours", ("float32",)), ("training_ways.original", ())]
    assert ways == once * 2, "in turn"
    table = training_table(found)
    assert "6 (at least 4: met) images/s" in table
    assert "With it the ratio is 4.5 over the 75 times" in table


def test_phantoms_stand_in_and_a_bar_that_is_missed_is_said(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "run", lambda *_, n: _run(100.0))
    found = compare_training(workspace, repeats=1, images=8)
    assert "phantoms" in found["files"]
    assert found["n"] == 8
    assert "1 (at least 4: NOT MET)" in training_table(found)


def test_the_command_measures_training_alone_and_writes_it(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_phantoms(workspace.dataset, per_class=4)
    monkeypatch.setattr(training_module, "run", lambda way, *_, n: _run(40.0 if way.endswith("original") else 200.0))
    monkeypatch.setattr(bench_module, "run", None)  # nothing else is timed
    assert main(["--only", "training", "--json", str(tmp_path / "bench.json")]) == 0
    assert "images/s" in capsys.readouterr().out
    written = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert written["training"]["throughput_ratio"] == pytest.approx(5.0)
    assert "throughput_ratio" not in written


@pytest.mark.slow
def test_both_ways_really_train(workspace: Settings) -> None:
    n, _ = _folder_of_images(workspace.inputs, workspace, 8)
    ours, original = (run(f"training_ways.{way}", str(workspace.inputs), n=n) for way in ("ours", "original"))
    assert ours.throughput > 0
    assert original.throughput > 0
    assert 0 < ours.stages["decoding"]["seconds"] < ours.first_verdict
