"""Trial: arms are held against the whole seed by seed, and what was not measured is not made up."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASS_NAMES
from braintumor.errors import RecipeError
from braintumor.evaluation.experiments.ablation_study import run_ablation_study
from braintumor.evaluation.experiments.ablations import read_runs
from braintumor.evaluation.experiments.config import V4_ABLATIONS_FILE, load_ablations
from braintumor.models.builder import build_model
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.data import TrainingData
from tests.helpers.training_data import phantom_data

BASE = """
title = "tiny"
architecture = "masked_mobilenet"
seed = 1
[input]
height = 64
width = 64
channels = 1
[fit]
learning_rate = 1e-3
epochs = 1
[mask]
"""
ARMS = """
base = "v4"
[quick]
fit = { batch_size = 16 }
[arms.whole]
seeds = [1, 2]
[arms.smoothed]
seeds = [1, 2]
fit = { label_smoothing = 0.1 }
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "recipes" / "experiments").mkdir(parents=True)
    (tmp_path / "recipes" / "v4.toml").write_text(BASE)
    (tmp_path / "recipes" / "experiments" / "flagship.toml").write_text(ARMS)
    (tmp_path / "outputs" / "experiments").mkdir(parents=True)
    return Settings(recipes=tmp_path / "recipes", outputs=tmp_path / "outputs", inputs=tmp_path / "inputs")


@pytest.fixture(autouse=True)
def wrong(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Runs that are of other recipes or images; none, unless a test says so."""
    found: dict[str, str] = {}
    monkeypatch.setattr("braintumor.evaluation.experiments.ablations.stale_runs", lambda *_: found)
    return found


def _write(settings: Settings, name: str, right: float) -> None:
    """A run that answers a share of test scans right."""
    generator = np.random.default_rng(len(name) * 100 + int(name[-1]))
    labels = np.repeat([*CLASS_NAMES, "tumor"], 40)
    place = np.array([CLASS_NAMES.index(label) if label in CLASS_NAMES else 0 for label in labels])
    wrong = generator.random(len(labels)) > right
    said = np.eye(4)[np.where(wrong, (place + 2) % 4, place)] * 0.6 + generator.dirichlet(np.ones(4), len(labels)) * 0.4
    table = pd.DataFrame({"path": [f"{i}.png" for i in range(len(labels))], "label": labels})
    table["group"] = [f"g{i // 2}" for i in range(len(labels))]
    table["set"] = np.where(labels == "tumor", "outside", "test")
    table[list(CLASS_NAMES)] = said
    table.to_csv(settings.outputs / "experiments" / f"{name}.csv", index=False)


def _found(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((settings.outputs / "experiments" / "flagship.json").read_text())
    return found


def test_an_arm_that_answers_better_is_found_to(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    said = list(run_ablation_study(settings=settings, no_train=True, replicates=100))
    gaps = _found(settings)["smoothed"]["differences"]
    for better in ("accuracy", "outside_sensitivity", "outside_roc_auc"):
        assert 0 < gaps[better]["low"] < gaps[better]["value"]
    assert gaps["accuracy"]["seeds"] == 2
    assert any(line.startswith("smoothed less whole: test accuracy +0.") for line in said)


def test_only_seeds_of_both_are_compared(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6)
    _write(settings, "smoothed-seed2", 0.95)
    list(run_ablation_study(settings=settings, no_train=True, replicates=20))
    found = _found(settings)
    assert found["smoothed"]["differences"]["accuracy"]["seeds"] == 1
    assert found["whole"]["metrics"]["outside_roc_auc"]["seeds"] == 2


def test_a_run_of_another_recipe_is_left_out_and_named(settings: Settings, wrong: dict[str, str]) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    wrong["whole-seed1"] = "it is of another recipe"
    said = list(run_ablation_study(settings=settings, no_train=True, replicates=20))
    assert said[0].startswith("whole-seed1: left out, since it is of another recipe.")
    assert _found(settings)["smoothed"]["differences"]["accuracy"]["seeds"] == 1


def test_runs_on_other_outside_pictures_are_not_held_together(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    path = settings.outputs / "experiments" / "whole-seed2.csv"
    table = pd.read_csv(path)
    table[table["set"] == "test"].to_csv(path, index=False)
    list(run_ablation_study(settings=settings, no_train=True, replicates=20))
    differences = _found(settings)["smoothed"]["differences"]
    assert differences["accuracy"]["seeds"] == differences["outside_roc_auc"]["seeds"] == 1


def test_nothing_is_said_of_an_arm_that_was_not_run(settings: Settings) -> None:
    assert list(run_ablation_study(settings=settings, no_train=True)) == []
    assert _found(settings) == {}


def test_the_results_of_an_arm_that_was_dropped_stay_in_their_place(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    dropped = {"metrics": {}, "differences": {"accuracy": {"value": -0.05}}}
    earlier = {"whole": {"metrics": {}, "differences": {}}, "mixed": dropped, "smoothed": {"metrics": {}}}
    (settings.outputs / "experiments" / "flagship.json").write_text(json.dumps(earlier))
    said = list(run_ablation_study(settings=settings, no_train=True, replicates=20))
    results = _found(settings)
    assert list(results) == ["whole", "mixed", "smoothed"]
    assert results["mixed"] == dropped
    assert results["smoothed"]["differences"]["accuracy"]["seeds"] == 2
    assert not any(line.startswith("mixed") for line in said)


def test_an_unknown_arm_lists_those_there_are(settings: Settings) -> None:
    with pytest.raises(RecipeError, match=r"no arm 'whale' .*whole, smoothed"):
        list(run_ablation_study(["whale"], settings))


@pytest.mark.slow
def test_a_run_that_is_kept_is_not_trained_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    data = phantom_data(load_ablations(settings, V4_ABLATIONS_FILE)["whole"].recipe.input.to_input_spec(), per_class=24)
    data = replace(data, manifest=data.manifest.assign(split="test"))
    trained: list[int] = []

    def fitted(recipe: Recipe, _data: TrainingData, work: Path, **_: object) -> tuple[Any, pd.DataFrame]:
        work.mkdir(parents=True)
        trained.append(recipe.seed)
        return build_model(recipe), pd.DataFrame({"seconds": [1.0], "val_loss": [0.5], "val_accuracy": [0.75]})

    monkeypatch.setattr("braintumor.evaluation.experiments.ablations.train_with_checkpoints", fitted)
    monkeypatch.setattr("braintumor.evaluation.experiments.ablations.load_data", lambda *_: data)
    arms = (settings.recipes / "experiments" / "flagship.toml").read_text().replace("[1, 2]", "[1]")
    (settings.recipes / "experiments" / "flagship.toml").write_text(arms)
    folder = settings.outputs / "experiments"
    said = list(run_ablation_study(["whole"], settings, replicates=5))
    assert "test scans right" in said[0]
    answers = (folder / "whole-seed1.csv").read_text()
    (folder / "whole-seed1.csv").write_text(answers.replace("notumor/0.png", "kept.png"))
    assert next(run_ablation_study(["whole"], settings, replicates=5)) == "whole-seed1: kept."
    assert "kept.png" in (folder / "whole-seed1.csv").read_text()
    assert trained == [1]
    assert list(read_runs(settings)) == ["whole-seed1"]
    assert not list((folder / "work").iterdir())
    (folder / "whole-seed1.csv").unlink()
    assert "test scans right" in next(run_ablation_study(["whole"], settings, replicates=5))
    assert trained == [1, 1]
