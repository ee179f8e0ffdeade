"""Benchmark of training: ratios with and without decoding, and a run of both methods."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.baseline import run as benchmark_module
from benchmarks.baseline import training as training_module
from benchmarks.baseline.__main__ import main
from benchmarks.baseline.process import Run, run
from benchmarks.baseline.training import _link_images, compare_training, format_training
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.settings import Settings

Calls = list[tuple[str, tuple[Any, ...], int]]


def _run(throughput: float) -> Run:
    return Run(1.0, throughput, 500.0, {"decoding": {"seconds": 2.0}})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls of `run`, which returns fixed measurements instead of starting a process."""
    calls: Calls = []

    def fake_run(method: str, *arguments: Any, n: int) -> Run:
        calls.append((method, arguments, n))
        folders = sorted(Path(arguments[0], "brain-tumor-mri-dataset", "Training").iterdir())
        assert sum(len(list(folder.iterdir())) for folder in folders) == n
        assert all(file.read_bytes() for folder in folders for file in folder.iterdir())
        return _run(50.0 if method.endswith("original") else 150.0 if arguments[1:] else 300.0)

    monkeypatch.setattr(training_module, "run", fake_run)
    return calls


def test_ratios_with_and_without_decoding(workspace: Settings, calls: Calls) -> None:
    write_phantoms(workspace.dataset, per_class=12)
    result = compare_training(workspace, repeats=2, images=24)
    assert result["n"] == 24
    assert result["throughput_ratio"] == pytest.approx(6.0)
    assert result["throughput_ratio_in_float32"] == pytest.approx(3.0)
    assert result["throughput_ratio_first_pass"] == pytest.approx(24 / (2.0 + 24 / 300) / 50)
    assert result["throughput_ratio_whole_run"] == pytest.approx(24 * 75 / (2.0 + 24 * 75 / 300) / 50)
    assert result["bars"]["throughput_ratio"] == {"bar": 4.0, "at_most": False, "met": True}
    assert result["files"] == "the Training set"
    methods = [(method, arguments[1:]) for method, arguments, _ in calls]
    one_round = [
        ("training_methods.ours", ()),
        ("training_methods.ours", ("float32",)),
        ("training_methods.original", ()),
    ]
    assert methods == one_round * 2, "alternating"
    table = format_training(result)
    assert "6 (at least 4: met) images/s" in table
    assert "Including it, the ratio is 4.5 for the 75 uses" in table


def test_phantoms_replace_a_missing_set_and_missed_target_is_reported(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "run", lambda *_, n: _run(100.0))
    result = compare_training(workspace, repeats=1, images=8)
    assert "phantoms" in result["files"]
    assert result["n"] == 8
    assert "1 (at least 4: NOT MET)" in format_training(result)


def test_command_can_measure_only_training(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_phantoms(workspace.dataset, per_class=4)
    monkeypatch.setattr(
        training_module, "run", lambda method, *_, n: _run(40.0 if method.endswith("original") else 200.0)
    )
    monkeypatch.setattr(benchmark_module, "run", None)  # no other comparison runs
    assert main(["--only", "training", "--json", str(tmp_path / "bench.json")]) == 0
    assert "images/s" in capsys.readouterr().out
    result = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert result["training"]["throughput_ratio"] == pytest.approx(5.0)
    assert "throughput_ratio" not in result


@pytest.mark.slow
def test_both_methods_train(workspace: Settings) -> None:
    n, _ = _link_images(workspace.inputs, workspace, 8)
    ours, original = (run(f"training_methods.{method}", str(workspace.inputs), n=n) for method in ("ours", "original"))
    assert ours.throughput > 0
    assert original.throughput > 0
    assert 0 < ours.stages["decoding"]["seconds"] < ours.first_verdict
