"""Comparing versions: same scans for all, nothing asked twice, nobody compared who may know the answers."""

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
from braintumor.evaluation.comparison.predictions import TestScans, predict_cached
from braintumor.inference import load_artifact
from braintumor.results.comparison import read_comparison
from braintumor.results.comparison_summary import collect_notes, summarize_undertrained
from braintumor.results.version import HISTORY_COLUMNS, read_predictions
from braintumor.settings import Settings
from braintumor.training.data import fingerprint_manifest, manifest_with_split
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
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """v1, another network that only tells tumour from none, and a recipe that nobody has trained."""
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
def settings(built: Settings, tmp_path: Path) -> Settings:
    """The same, of this test alone."""
    shutil.copytree(built.outputs, tmp_path / "outputs")
    return built.model_copy(update={"outputs": tmp_path / "outputs"})


def _compare(settings: Settings, *names: str, restart: bool = False) -> str:
    return compare_models(names, settings, restart=restart, replicates=20, pair_replicates=50, timed_scans=2)


def test_every_version_of_the_field_gets_its_row(settings: Settings) -> None:
    said = _compare(settings)
    found = read_comparison(settings)
    assert [(row.version, row.status) for row in found.rows] == [
        ("v1", "measured"), ("v2", "not trained here"), ("two", "measured"),
    ]  # fmt: skip
    assert "v2: not trained here. braintumor train v2" in said
    v1, _, two = found.rows
    predictions = read_predictions("v1", settings).query("split == 'test'")
    assert v1.test["accuracy"].value == pytest.approx((predictions["label"] == predictions["predicted"]).mean(), 1e-5)
    assert (v1.test["accuracy"].n, v1.parameters) == (len(predictions), 580)
    assert v1.official["accuracy"].value > 0
    assert two.test["accuracy"] == two.test["tumor_accuracy"]
    assert all(row.milliseconds and row.milliseconds.value > 0 and row.milliseconds.n == 2 for row in (v1, two))
    assert two.notes[0].startswith("Tells tumour from none")
    assert (v1.seconds, v1.epochs) == (3.5, 12)


def test_a_version_whose_loss_still_fell_when_its_epochs_ended_is_said_to_be_unfinished(settings: Settings) -> None:
    for version, losses, schedule in (("v1", (0.5, 0.4, 0.3), "one_cycle"), ("two", (0.5, 0.4, 0.3), "plateau")):
        _change(settings, version, recipe={"fit": {"schedule": schedule}})
        rows = "".join(f"{epoch},0.5,0.5,0.5,{loss},0.001,1\n" for epoch, loss in enumerate(losses, 1))
        (settings.outputs / version / "history.csv").write_text(f"{','.join(HISTORY_COLUMNS)}\n{rows}")
    _compare(settings)
    found = {row.version: row for row in read_comparison(settings).rows}
    assert (found["v1"].is_undertrained, found["two"].is_undertrained) == (False, True)
    assert collect_notes(found["two"])[-1].startswith("Its validation loss was still falling when 12 epochs had passed")
    assert summarize_undertrained(found.values()).endswith(": two (12 epochs).")
    assert summarize_undertrained([found["v1"]]) == ""


def test_pairs_are_compared_where_both_answer_the_question(settings: Settings) -> None:
    _compare(settings)
    pairs = read_comparison(settings).pairs
    assert {p.a for p in pairs["tumor_accuracy"]} | {p.b for p in pairs["tumor_accuracy"]} == {"v1", "two"}
    assert pairs["accuracy"] == ()


def test_table_and_figures_lie_beside_the_json(settings: Settings) -> None:
    _compare(settings)
    folder = settings.outputs / "comparison"
    table = pd.read_csv(folder / "comparison.csv").set_index("version")
    found = {row.version: row for row in read_comparison(settings).rows}
    assert table.loc["two", "tumor_accuracy_low"] == found["two"].test["tumor_accuracy"].interval[0]
    assert np.isnan(table.loc["v2", "accuracy"])
    assert table.loc["v2", "command"] == "braintumor train v2"
    for name in ("accuracy.png", "accuracy-latency.png"):
        assert (folder / "figures" / name).read_bytes().startswith(b"\x89PNG")


def test_an_unchanged_model_is_not_asked_twice(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact, scans, work = load_artifact("v1", settings), TestScans.load(settings), settings.outputs / "work"
    first = predict_cached(artifact, scans.paths(settings), "test", work, settings)

    def refuse(*_: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(predictions, "Detector", refuse)
    again = predict_cached(artifact, scans.paths(settings), "test", work, settings)
    assert (again.probabilities == first.probabilities).all()
    assert list(again.verdicts) == list(map(str, first.verdicts))
    with pytest.raises(AssertionError, match="asked again"):
        predict_cached(artifact, scans.paths(settings), "test", work, settings, restart=True)
    _change(settings, "v1", temperature=2.0)
    with pytest.raises(AssertionError, match="asked again"):
        predict_cached(load_artifact("v1", settings), scans.paths(settings), "test", work, settings)


def test_a_stopped_run_goes_on_where_it_was(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact, scans, work = load_artifact("v1", settings), TestScans.load(settings), settings.outputs / "work"
    paths, said, asked = scans.paths(settings), predictions._predict_batch, []
    monkeypatch.setattr(predictions, "_BATCH_SIZE", 2)
    monkeypatch.setattr(predictions, "_SAVE_EVERY", 1)

    def stop_at_third(detector: Any, batch: Any, given: Settings) -> Any:
        asked.append(len(batch))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return said(detector, batch, given)

    monkeypatch.setattr(predictions, "_predict_batch", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        predict_cached(artifact, paths, "test", work, settings)
    found = predict_cached(artifact, paths, "test", work, settings)
    assert sum(asked) == len(paths) + 2  # the batch it was stopped in
    monkeypatch.undo()
    assert (
        found.probabilities == predict_cached(artifact, paths, "test", work, settings, restart=True).probabilities
    ).all()


def test_who_learnt_from_another_split_is_refused(settings: Settings) -> None:
    _change(settings, "two", protocol="random")
    with pytest.raises(DatasetError, match="two was trained on another split"):
        _compare(settings)
    _change(settings, "two", protocol="group", data={"fingerprint": "of other images"})
    with pytest.raises(DatasetError, match="braintumor train two --restart"):
        _compare(settings)
    assert "Compared 1 of 1 versions" in _compare(settings, "v1")


def test_an_unknown_version_is_refused(settings: Settings) -> None:
    with pytest.raises(ArtifactError, match="no model 'v9'"):
        find_candidates(["v9"], settings)


def test_a_version_that_was_not_evaluated_is_said_so(settings: Settings) -> None:
    (settings.outputs / "two" / "evaluation.json").unlink()
    said = _compare(settings)
    assert "two: not evaluated here. braintumor evaluate two" in said


def test_runs_for_other_comparisons_are_no_part_of_the_field(settings: Settings) -> None:
    text = RECIPE.format(title="Less", task="four-class", weights="none", loss=LOSS["four-class"])
    (settings.recipes / "v1_without.toml").write_text('leave_out = "sartaj"\n' + text, encoding="utf-8")
    try:
        assert [e.version for e in find_candidates((), settings)] == ["v1", "v2", "two"]
    finally:
        (settings.recipes / "v1_without.toml").unlink()


def test_a_model_that_changed_since_is_stale(settings: Settings) -> None:
    _compare(settings)
    assert read_comparison(settings).outdated == ()
    _change(settings, "two", temperature=3.0)
    assert read_comparison(settings).outdated == ("two",)


def test_a_new_run_on_the_official_split_makes_its_version_stale(settings: Settings) -> None:
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
def test_a_damaged_file_is_as_good_as_none(content: str, workspace: Settings) -> None:
    folder = workspace.outputs / "comparison"
    folder.mkdir()
    (folder / "comparison.json").write_text(content, encoding="utf-8")
    assert not read_comparison(workspace).exists
