"""Bench: what the ratios mean, what is written, and that both ways really run."""

import json

import pytest

from benchmarks.baseline import run as bench_module
from benchmarks.baseline.__main__ import main
from benchmarks.baseline.comparison import MEASURES
from benchmarks.baseline.process import Run, run
from benchmarks.baseline.run import bench
from benchmarks.baseline.ways import peak_megabytes
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.errors import ArtifactError, BrainTumorError, MissingExtraError
from tests.golden.draw import SCANS
from tests.helpers.versions.tiny import write_version

STAGES = {stage: {"median": 1.0, "p95": 2.0} for stage in ("read", "standardize", "infer", "total")}
FAST = Run(first_verdict=0.5, throughput=400.0, peak_megabytes=100.0, stages=STAGES)
SLOW = Run(first_verdict=5.0, throughput=20.0, peak_megabytes=800.0, stages={})


@pytest.fixture
def version(workspace):
    """A version with a stand-in for its Keras model, which only the original way opens."""
    folder = write_version(workspace.outputs)
    (folder / "model.keras").write_bytes(b"not opened here")
    return folder


@pytest.fixture
def asked(monkeypatch):
    """The runs that were asked for; each gives a fixed answer instead of starting a process."""
    asked = []

    def answer(way, *arguments, n):
        asked.append((way, arguments, n))
        return FAST if way == "ours" else SLOW

    monkeypatch.setattr(bench_module, "run", answer)
    return asked


def test_ratios_are_ours_against_the_original_way(version, asked, workspace, tmp_path):
    table = bench([SCANS], json_file=tmp_path / "new" / "bench.json", settings=workspace, repeats=3)
    found = json.loads((tmp_path / "new" / "bench.json").read_text(encoding="utf-8"))
    assert found["throughput_ratio"] == pytest.approx(20.0)
    assert found["cold_start_ratio"] == pytest.approx(10.0)
    assert found["memory_ratio"] == pytest.approx(0.125)
    assert {name: bar["met"] for name, bar in found["bars"].items()} == {measure.ratio: True for measure in MEASURES}
    assert found["ours"]["throughput"]["values"] == [400.0] * 3
    assert found["stages_ms"] == STAGES
    assert (found["n"], found["repeats"], found["version"]) == (len(list(SCANS.iterdir())), 3, "v1")
    assert "20 (at least 5: met)" in table
    assert "0.125 (at most 0.25: met)" in table
    assert [way for way, _, _ in asked] == ["ours", "original"] * 3, "in turn"


def test_a_bar_that_is_missed_is_said(version, monkeypatch, workspace, tmp_path):
    monkeypatch.setattr(
        bench_module, "run", lambda *_, n: SLOW if _[0] == "original" else Run(4.0, 30.0, 700.0, STAGES)
    )
    table = bench([SCANS], json_file=tmp_path / "bench.json", settings=workspace, repeats=1)
    assert table.count("NOT MET") == 3
    bars = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["bars"]
    assert [bar["met"] for bar in bars.values()] == [False] * 3


def test_the_testing_set_is_read_where_it_is_at_hand_evenly(version, asked, workspace):
    write_phantoms(workspace.dataset, per_class=12)
    table = bench(settings=workspace, scans=4, repeats=1, only="reading")
    (_, (_, files, _), n) = asked[0]
    assert n == len(files) == 4
    assert {file.split("/")[-2] for file in files} == {"glioma", "meningioma", "notumor", "pituitary"}
    assert "the Testing set" in table


def test_phantoms_stand_in_where_it_is_not(version, asked, workspace):
    assert "phantoms" in bench(settings=workspace, scans=16, repeats=1, only="reading")
    assert asked[0][2] == 16


def test_without_keras_the_missing_packages_are_named(version, monkeypatch, workspace):
    monkeypatch.setattr(bench_module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"keras is not installed.*braintumor\[train\]"):
        bench(settings=workspace)


def test_without_the_keras_model_the_command_that_makes_it_is_named(version, workspace):
    (version / "model.keras").unlink()
    with pytest.raises(ArtifactError, match=r"model\.keras is missing.*braintumor train v1"):
        bench(settings=workspace)


def test_our_way_runs_in_a_process_of_its_own(version):
    files = [str(path) for path in sorted(SCANS.glob("*.png"))]
    found = run("ours", "v1", files, 2, n=len(files))
    assert 0 < found.first_verdict < 60
    assert found.throughput > 1
    assert 20 < found.peak_megabytes < 400
    assert set(found.stages) >= {"read", "standardize", "infer", "total"}


def test_a_process_that_fails_says_why(version):
    with pytest.raises(BrainTumorError, match=r"Reading ours failed.*no model 'v9'"):
        run("ours", "v9", [str(SCANS / "l.png")], 1, n=1)


def test_the_peak_only_grows():
    before = peak_megabytes()
    ballast = bytearray(b"x") * (64 * 2**20)
    assert peak_megabytes() >= before
    assert peak_megabytes() > len(ballast) / 2**20


def test_the_command_prints_the_table_and_writes_the_file(version, asked, tmp_path, capsys):
    assert main([str(SCANS), "--json", str(tmp_path / "bench.json")]) == 0
    assert "start to first verdict" in capsys.readouterr().out
    assert (tmp_path / "bench.json").is_file()


@pytest.mark.slow
def test_both_ways_run_side_by_side(version, workspace, tmp_path):
    import keras

    network = keras.Sequential(
        [keras.Input((150, 150, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, activation="softmax")]
    )
    network.save(version / "model.keras")
    bench([SCANS], json_file=tmp_path / "bench.json", settings=workspace, scans=8, repeats=1)
    found = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert found["n"] == 8
    assert found["cold_start_ratio"] > 1
    assert found["memory_ratio"] < 1
