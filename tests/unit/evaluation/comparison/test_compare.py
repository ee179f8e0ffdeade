"""Models are compared on the same scans, with cached predictions, and only if no test scan was used for training."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import Protocol
from braintumor.errors import ArtifactError, DatasetError
from braintumor.evaluation.comparison import predictions
from braintumor.evaluation.comparison.candidates import find_candidates
from braintumor.evaluation.comparison.compare import compare_models
from braintumor.evaluation.comparison.predictions import predict_cached
from braintumor.evaluation.comparison.scans import CommonScans
from braintumor.inference import load_artifact
from braintumor.inference.runs import HISTORY_COLUMNS
from braintumor.results.comparison import read_comparison
from braintumor.results.comparison_summary import collect_notes, summarize_undertrained
from braintumor.results.stress_test import write_checks
from braintumor.results.version import read_predictions
from braintumor.settings import Settings
from braintumor.training.inputs.data import fingerprint_manifest, manifest_with_split
from tests.helpers.artifacts import build_artifacts
from tests.helpers.tiny_model import build, fit

LOSS = {"four-class": "categorical_crossentropy", "tumor": "binary_crossentropy"}
RECIPE = """title = "{title}"
task = "{task}"
architecture = "plain_cnn"
seed = 1
weights = "{weights}"
[input]
height = 150
width = 150
[fit]
learning_rate = 1e-3
loss = "{loss}"
epochs = 2
"""


def _change(settings: Settings, name: str, **entries: Any) -> None:
    path = settings.outputs / name / "card.json"
    card = json.loads(path.read_text(encoding="utf-8")) | entries
    card["files"] = {"model.onnx": hashlib.sha256((path.parent / "model.onnx").read_bytes()).hexdigest()}
    path.write_text(json.dumps(card), encoding="utf-8")


@pytest.fixture(scope="module")
def shared_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """v1, a binary model, and a recipe that was not trained."""
    folder = tmp_path_factory.mktemp("field")
    settings = build_artifacts(folder, per_class=12).model_copy(update={"recipes": folder / "recipes"})
    settings.recipes.mkdir()
    for name, task, weights in (("v1", "four-class", "none"), ("two", "tumor", "none"), ("v2", "tumor", "imagenet")):
        text = RECIPE.format(title=f"The {name}", task=task, weights=weights, loss=LOSS[task])
        (settings.recipes / f"{name}.toml").write_text(text, encoding="utf-8")
    shutil.copytree(settings.outputs / "v1", settings.outputs / "two")
    (settings.outputs / "two" / "model.onnx").write_bytes(build(*fit(per_class=4, seed=50)))
    data = {"fingerprint": fingerprint_manifest(manifest_with_split(Protocol.GROUP, settings))}
    _change(settings, "v1", data=data)
    _change(settings, "two", data=data, version="two", task="tumor", decision={"threshold": 0.4})
    return settings


@pytest.fixture
def settings(shared_settings: Settings, tmp_path: Path) -> Settings:
    """A copy for one test."""
    shutil.copytree(shared_settings.outputs, tmp_path / "outputs")
    return shared_settings.model_copy(update={"outputs": tmp_path / "outputs"})


def _compare(settings: Settings, *names: str, restart: bool = False) -> str:
    return compare_models(names, settings, restart=restart, replicates=20, pair_replicates=50, timed_scans=2)


def test_every_candidate_has_a_row(settings: Settings) -> None:
    summary = _compare(settings)
    comparison = read_comparison(settings)
    assert [(row.version, row.status) for row in comparison.rows] == [
        ("v1", "measured"), ("v2", "not trained here"), ("two", "measured"),
    ]  # fmt: skip
    assert "v2: not trained here. braintumor train v2" in summary
    v1, _, two = comparison.rows
    predictions = read_predictions("v1", settings).query("split == 'test'")
    assert v1.test["accuracy"].value == pytest.approx((predictions["label"] == predictions["predicted"]).mean(), 1e-5)
    assert (v1.test["accuracy"].n, v1.parameters) == (len(predictions), 580)
    assert v1.official["accuracy"].value > 0
    assert two.test["accuracy"] == two.test["tumor_accuracy"]
    assert all(row.milliseconds and row.milliseconds.value > 0 and row.milliseconds.n == 2 for row in (v1, two))
    assert two.notes[0].startswith("Does not predict the tumour type")
    assert (v1.seconds, v1.epochs) == (3.5, 12)


@pytest.mark.parametrize(("data", "is_trained_on_binary_set"), [("all", False), ("yes-no", True)])
def test_only_a_model_of_the_binary_set_has_no_external_scores(
    settings: Settings, data: str, is_trained_on_binary_set: bool
) -> None:
    _change(settings, "v1", recipe={"data": data})
    artifact = load_artifact("v1", settings)
    called = {"roc_auc": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 3, "groups": 3}}
    write_checks(artifact.folder, {"external": {"model": artifact.card.fingerprint, "metrics": called}})
    _compare(settings, "v1")
    row = read_comparison(settings).rows[0]
    assert bool(row.external) is not is_trained_on_binary_set
    assert any("Trained on the binary set" in note for note in row.notes) is is_trained_on_binary_set


def test_falling_validation_loss_is_marked_as_undertrained(settings: Settings) -> None:
    for version, losses, schedule in (("v1", (0.5, 0.4, 0.3), "one_cycle"), ("two", (0.5, 0.4, 0.3), "plateau")):
        _change(settings, version, recipe={"fit": {"schedule": schedule}})
        rows = "".join(f"{epoch},0.5,0.5,0.5,{loss},0.001,1\n" for epoch, loss in enumerate(losses, 1))
        (settings.outputs / version / "history.csv").write_text(f"{','.join(HISTORY_COLUMNS)}\n{rows}")
    _compare(settings)
    comparison = {row.version: row for row in read_comparison(settings).rows}
    assert (comparison["v1"].is_undertrained, comparison["two"].is_undertrained) == (False, True)
    assert collect_notes(comparison["two"])[-1].startswith("Validation loss was still falling after 12 epochs")
    assert summarize_undertrained(comparison.values()).endswith(": two (12 epochs).")
    assert summarize_undertrained([comparison["v1"]]) == ""


def test_pairs_are_compared_on_common_tasks(settings: Settings) -> None:
    _compare(settings)
    pairs = read_comparison(settings).pairs
    assert {p.a for p in pairs["tumor_accuracy"]} | {p.b for p in pairs["tumor_accuracy"]} == {"v1", "two"}
    assert pairs["accuracy"] == ()


def test_table_and_figures_are_written(settings: Settings) -> None:
    _compare(settings)
    folder = settings.outputs / "comparison"
    table = pd.read_csv(folder / "comparison.csv").set_index("version")
    comparison = {row.version: row for row in read_comparison(settings).rows}
    assert table.loc["two", "tumor_accuracy_low"] == comparison["two"].test["tumor_accuracy"].interval[0]
    assert np.isnan(table.loc["v2", "accuracy"])
    assert table.loc["v2", "command"] == "braintumor train v2"
    for name in ("accuracy.png", "accuracy-latency.png"):
        assert (folder / "figures" / name).read_bytes().startswith(b"\x89PNG")


def test_predictions_of_an_unchanged_model_are_cached(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact, scans, work = load_artifact("v1", settings), CommonScans.load(settings), settings.outputs / "work"
    first = predict_cached(artifact, scans.paths(settings), "test", work, settings)

    def fail(*_: object) -> None:
        raise AssertionError("predicted again")

    monkeypatch.setattr(predictions, "Detector", fail)
    cached = predict_cached(artifact, scans.paths(settings), "test", work, settings)
    assert (cached.probabilities == first.probabilities).all()
    assert list(cached.verdicts) == list(map(str, first.verdicts))
    with pytest.raises(AssertionError, match="predicted again"):
        predict_cached(artifact, scans.paths(settings), "test", work, settings, restart=True)
    _change(settings, "v1", temperature=2.0)
    with pytest.raises(AssertionError, match="predicted again"):
        predict_cached(load_artifact("v1", settings), scans.paths(settings), "test", work, settings)


def test_interrupted_prediction_is_resumed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact, scans, work = load_artifact("v1", settings), CommonScans.load(settings), settings.outputs / "work"
    paths, summary, batches = scans.paths(settings), predictions._predict_batch, []
    monkeypatch.setattr(predictions, "_BATCH_SIZE", 2)
    monkeypatch.setattr(predictions, "_SAVE_EVERY", 1)

    def stop_at_third(detector: Any, batch: Any, batch_settings: Settings) -> Any:
        batches.append(len(batch))
        if len(batches) == 3:
            raise KeyboardInterrupt
        return summary(detector, batch, batch_settings)

    monkeypatch.setattr(predictions, "_predict_batch", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        predict_cached(artifact, paths, "test", work, settings)
    comparison = predict_cached(artifact, paths, "test", work, settings)
    assert sum(batches) == len(paths) + 2  # the interrupted batch
    monkeypatch.undo()
    assert (
        comparison.probabilities == predict_cached(artifact, paths, "test", work, settings, restart=True).probabilities
    ).all()


def test_model_of_another_split_is_rejected(settings: Settings) -> None:
    _change(settings, "two", protocol="random")
    with pytest.raises(DatasetError, match="Cannot compare two: it was trained on another split"):
        _compare(settings)
    _change(settings, "two", protocol="group", data={"fingerprint": "other images"})
    with pytest.raises(DatasetError, match="braintumor train two --restart"):
        _compare(settings)
    assert "Compared 1 of 1 versions" in _compare(settings, "v1")


def test_unknown_model_is_rejected(settings: Settings) -> None:
    with pytest.raises(ArtifactError, match="no model 'v9'"):
        find_candidates(["v9"], settings)


def test_model_without_evaluation_is_reported(settings: Settings) -> None:
    (settings.outputs / "two" / "evaluation.json").unlink()
    summary = _compare(settings)
    assert "two: not evaluated here. braintumor evaluate two" in summary


def test_models_with_held_out_source_are_not_candidates(settings: Settings) -> None:
    text = RECIPE.format(title="Less", task="four-class", weights="none", loss=LOSS["four-class"])
    (settings.recipes / "v1_without.toml").write_text('holdout_source = "sartaj"\n' + text, encoding="utf-8")
    try:
        assert [e.version for e in find_candidates((), settings)] == ["v1", "v2", "two"]
    finally:
        (settings.recipes / "v1_without.toml").unlink()


def test_changed_model_is_outdated(settings: Settings) -> None:
    _compare(settings)
    assert read_comparison(settings).outdated == ()
    _change(settings, "two", temperature=3.0)
    assert read_comparison(settings).outdated == ("two",)


def test_new_official_run_is_outdated(settings: Settings) -> None:
    _compare(settings)
    folder = settings.outputs / "runs/v1/official-seed1"
    shutil.copy(settings.outputs / "v1" / "model.onnx", folder)
    _change(settings, "runs/v1/official-seed1", temperature=3.0)
    assert read_comparison(settings).outdated == ("v1",)
    _compare(settings)
    assert read_comparison(settings).outdated == ()
    shutil.rmtree(folder)
    assert read_comparison(settings).outdated == ("v1",)


@pytest.mark.parametrize("content", ["", "[]", '{"versions": 3, "pairs": []}', '{"versions": [1, {"title": "x"}]}'])
def test_damaged_file_is_ignored(content: str, workspace: Settings) -> None:
    folder = workspace.outputs / "comparison"
    folder.mkdir()
    (folder / "comparison.json").write_text(content, encoding="utf-8")
    assert not read_comparison(workspace).exists
