"""Benchmark of prediction: ratios, results file, and both methods in new processes."""

import json

import pytest

from benchmarks.baseline import run as benchmark_module
from benchmarks.baseline.__main__ import main
from benchmarks.baseline.comparison import COMPARISONS
from benchmarks.baseline.methods import peak_megabytes
from benchmarks.baseline.process import Run, run
from benchmarks.baseline.run import run_benchmark
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.errors import ArtifactError, BrainTumorError, MissingExtraError
from tests.golden.draw import SCANS
from tests.helpers.versions.tiny import write_version

STAGES = {stage: {"median": 1.0, "p95": 2.0} for stage in ("read", "standardize", "infer", "total")}
FAST = Run(first_verdict=0.5, throughput=400.0, peak_megabytes=100.0, stages=STAGES)
SLOW = Run(first_verdict=5.0, throughput=20.0, peak_megabytes=800.0, stages={})


@pytest.fixture
def version(workspace):
    """A version with a placeholder for its Keras model, which only the original opens."""
    folder = write_version(workspace.outputs)
    (folder / "model.keras").write_bytes(b"not opened here")
    return folder


@pytest.fixture
def calls(monkeypatch):
    """The calls of `run`, which returns fixed measurements instead of starting a process."""
    calls = []

    def fake_run(method, *arguments, n):
        calls.append((method, arguments, n))
        return FAST if method == "ours" else SLOW

    monkeypatch.setattr(benchmark_module, "run", fake_run)
    return calls


def test_ratios_compare_ours_with_the_original(version, calls, workspace, tmp_path):
    table = run_benchmark([SCANS], json_file=tmp_path / "new" / "bench.json", settings=workspace, repeats=3)
    result = json.loads((tmp_path / "new" / "bench.json").read_text(encoding="utf-8"))
    assert result["throughput_ratio"] == pytest.approx(20.0)
    assert result["cold_start_ratio"] == pytest.approx(10.0)
    assert result["memory_ratio"] == pytest.approx(0.125)
    assert {name: bar["met"] for name, bar in result["bars"].items()} == {
        comparison.ratio: True for comparison in COMPARISONS
    }
    assert result["ours"]["throughput"]["values"] == [400.0] * 3
    assert result["stages_ms"] == STAGES
    assert (result["n"], result["repeats"], result["version"]) == (len(list(SCANS.iterdir())), 3, "v1")
    assert "20 (at least 5: met)" in table
    assert "0.125 (at most 0.25: met)" in table
    assert [method for method, _, _ in calls] == ["ours", "original"] * 3, "alternating"


def test_missed_target_is_reported(version, monkeypatch, workspace, tmp_path):
    monkeypatch.setattr(
        benchmark_module,
        "run",
        lambda method, *_, n: SLOW if method == "original" else Run(4.0, 30.0, 700.0, STAGES),
    )
    table = run_benchmark([SCANS], json_file=tmp_path / "bench.json", settings=workspace, repeats=1)
    assert table.count("NOT MET") == 3
    bars = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["bars"]
    assert [bar["met"] for bar in bars.values()] == [False] * 3


def test_testing_set_is_sampled_evenly_if_present(version, calls, workspace):
    write_phantoms(workspace.dataset, per_class=12)
    table = run_benchmark(settings=workspace, scans=4, repeats=1, only="reading")
    (_, (_, files, _), n) = calls[0]
    assert n == len(files) == 4
    assert {file.split("/")[-2] for file in files} == {"glioma", "meningioma", "notumor", "pituitary"}
    assert "the Testing set" in table


def test_phantoms_replace_a_missing_testing_set(version, calls, workspace):
    assert "phantoms" in run_benchmark(settings=workspace, scans=16, repeats=1, only="reading")
    assert calls[0][2] == 16


def test_error_without_keras_names_the_extra(version, monkeypatch, workspace):
    monkeypatch.setattr(benchmark_module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"keras is not installed.*braintumor\[train\]"):
        run_benchmark(settings=workspace)


def test_error_without_keras_model_names_the_training_command(version, workspace):
    (version / "model.keras").unlink()
    with pytest.raises(ArtifactError, match=r"model\.keras is missing.*braintumor train v1"):
        run_benchmark(settings=workspace)


def test_our_method_runs_in_a_new_process(version):
    files = [str(path) for path in sorted(SCANS.glob("*.png"))]
    result = run("ours", "v1", files, 2, n=len(files))
    assert 0 < result.first_verdict < 60
    assert result.throughput > 1
    assert 20 < result.peak_megabytes < 400
    assert set(result.stages) >= {"read", "standardize", "infer", "total"}


def test_failed_process_reports_its_error(version):
    with pytest.raises(BrainTumorError, match=r"The benchmark ours failed.*no model 'v9'"):
        run("ours", "v9", [str(SCANS / "l.png")], 1, n=1)


def test_peak_memory_never_decreases():
    before = peak_megabytes()
    ballast = bytearray(b"x") * (64 * 2**20)
    assert peak_megabytes() >= before
    assert peak_megabytes() > len(ballast) / 2**20


def test_command_prints_the_table_and_writes_the_file(version, calls, tmp_path, capsys):
    assert main([str(SCANS), "--json", str(tmp_path / "bench.json")]) == 0
    assert "start to first verdict" in capsys.readouterr().out
    assert (tmp_path / "bench.json").is_file()


@pytest.mark.slow
def test_both_methods_run(version, workspace, tmp_path):
    import keras

    network = keras.Sequential(
        [keras.Input((150, 150, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, activation="softmax")]
    )
    network.save(version / "model.keras")
    run_benchmark([SCANS], json_file=tmp_path / "bench.json", settings=workspace, scans=8, repeats=1)
    result = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert result["n"] == 8
    assert result["cold_start_ratio"] > 1
    assert result["memory_ratio"] < 1
