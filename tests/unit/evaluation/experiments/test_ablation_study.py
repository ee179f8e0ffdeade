"""Ablations are compared with the baseline seed by seed, and stored results are preserved."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASS_NAMES
from braintumor.errors import RecipeError
from braintumor.evaluation.experiments.ablate import ablate
from braintumor.evaluation.experiments.config import load_ablations
from braintumor.evaluation.experiments.runs import read_runs
from braintumor.fileio import write_atomically
from braintumor.models.builder import build_model
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.training_data import phantom_data

BASE = """
title = "tiny"
architecture = "multitask_mobilenet"
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
ABLATIONS = """
base = "v4"
[quick]
fit = { batch_size = 16 }
[ablations.baseline]
seeds = [1, 2]
[ablations.smoothed]
seeds = [1, 2]
fit = { label_smoothing = 0.1 }
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "recipes" / "ablations").mkdir(parents=True)
    (tmp_path / "recipes" / "v4.toml").write_text(BASE)
    (tmp_path / "recipes" / "ablations" / "v4_recipe.toml").write_text(ABLATIONS)
    (tmp_path / "outputs" / "experiments").mkdir(parents=True)
    return Settings(recipes=tmp_path / "recipes", outputs=tmp_path / "outputs", inputs=tmp_path / "inputs")


@pytest.fixture(autouse=True)
def outdated(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Outdated runs with their reasons; none by default."""
    reasons: dict[str, str] = {}
    monkeypatch.setattr("braintumor.evaluation.experiments.runs.stale_runs", lambda *_: reasons)
    return reasons


def _write(settings: Settings, name: str, accuracy: float) -> None:
    """Write a run that predicts a share of the test scans correctly."""
    generator = np.random.default_rng(len(name) * 100 + int(name[-1]))
    labels = np.repeat([*CLASS_NAMES, "tumor"], 40)
    class_index = np.array([CLASS_NAMES.index(label) if label in CLASS_NAMES else 0 for label in labels])
    is_wrong = generator.random(len(labels)) > accuracy
    probabilities = (
        np.eye(4)[np.where(is_wrong, (class_index + 2) % 4, class_index)] * 0.6
        + generator.dirichlet(np.ones(4), len(labels)) * 0.4
    )
    table = pd.DataFrame({"path": [f"{i}.png" for i in range(len(labels))], "label": labels})
    table["group"] = [f"g{i // 2}" for i in range(len(labels))]
    table["set"] = np.where(labels == "tumor", "external", "test")
    table[list(CLASS_NAMES)] = probabilities
    table.to_csv(settings.outputs / "experiments" / f"{name}.csv.gz", index=False)


def _results(settings: Settings) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((settings.outputs / "experiments" / "ablations.json").read_text())
    return results


def test_better_ablation_has_positive_differences(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"baseline-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    lines = list(ablate("v4", settings=settings, no_train=True, replicates=100))
    differences = _results(settings)["smoothed"]["differences"]
    for better in ("accuracy", "external_sensitivity", "external_roc_auc"):
        assert 0 < differences[better]["low"] < differences[better]["value"]
    assert differences["accuracy"]["seeds"] == 2
    assert any(line.startswith("smoothed minus baseline: test accuracy +0.") for line in lines)


def test_only_common_seeds_are_compared(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"baseline-seed{seed}", 0.6)
    _write(settings, "smoothed-seed2", 0.95)
    list(ablate("v4", settings=settings, no_train=True, replicates=20))
    results = _results(settings)
    assert results["smoothed"]["differences"]["accuracy"]["seeds"] == 1
    assert results["baseline"]["metrics"]["external_roc_auc"]["seeds"] == 2


def test_outdated_run_is_skipped_and_named(settings: Settings, outdated: dict[str, str]) -> None:
    for seed in (1, 2):
        _write(settings, f"baseline-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    outdated["baseline-seed1"] = "it was trained with another recipe"
    lines = list(ablate("v4", settings=settings, no_train=True, replicates=20))
    assert lines[0].startswith("baseline-seed1: skipped, because it was trained with another recipe.")
    assert _results(settings)["smoothed"]["differences"]["accuracy"]["seeds"] == 1


def test_runs_on_other_external_images_are_not_compared(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"baseline-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    path = settings.outputs / "experiments" / "baseline-seed2.csv.gz"
    table = pd.read_csv(path)
    table[table["set"] == "test"].to_csv(path, index=False)
    list(ablate("v4", settings=settings, no_train=True, replicates=20))
    differences = _results(settings)["smoothed"]["differences"]
    assert differences["accuracy"]["seeds"] == differences["external_roc_auc"]["seeds"] == 1


def test_ablation_without_runs_has_no_results(settings: Settings) -> None:
    assert list(ablate("v4", settings=settings, no_train=True)) == []
    assert _results(settings) == {}


def test_results_of_removed_ablations_are_preserved_in_order(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"baseline-seed{seed}", 0.6)
        _write(settings, f"smoothed-seed{seed}", 0.95)
    dropped = {"metrics": {}, "differences": {"accuracy": {"value": -0.05}}}
    earlier = {"baseline": {"metrics": {}, "differences": {}}, "mixed": dropped, "smoothed": {"metrics": {}}}
    (settings.outputs / "experiments" / "ablations.json").write_text(json.dumps(earlier))
    lines = list(ablate("v4", settings=settings, no_train=True, replicates=20))
    results = _results(settings)
    assert list(results) == ["baseline", "mixed", "smoothed"]
    assert results["mixed"] == dropped
    assert results["smoothed"]["differences"]["accuracy"]["seeds"] == 2
    assert not any(line.startswith("mixed") for line in lines)


def test_unknown_ablation_lists_the_available_ones(settings: Settings) -> None:
    with pytest.raises(RecipeError, match=r"no ablation 'whale' .*baseline, smoothed"):
        list(ablate("v4", ["whale"], settings))


@pytest.mark.slow
def test_stored_run_is_not_trained_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    data = phantom_data(load_ablations("v4", settings)["baseline"].recipe.input.to_input_spec(), per_class=24)
    data = replace(data, manifest=data.manifest.assign(split="test"))
    trained: list[int] = []

    def train_stub(recipe: Recipe, _data: TrainingData, work: Path, **_: object) -> tuple[Any, pd.DataFrame]:
        work.mkdir(parents=True)
        trained.append(recipe.seed)
        return build_model(recipe), pd.DataFrame({"seconds": [1.0], "val_loss": [0.5], "val_accuracy": [0.75]})

    monkeypatch.setattr("braintumor.evaluation.experiments.runs.train_with_checkpoints", train_stub)
    monkeypatch.setattr("braintumor.evaluation.experiments.runs.load_data", lambda *_: data)
    content = (settings.recipes / "ablations" / "v4_recipe.toml").read_text().replace("[1, 2]", "[1]")
    (settings.recipes / "ablations" / "v4_recipe.toml").write_text(content)
    folder = settings.outputs / "experiments"
    lines = list(ablate("v4", ["baseline"], settings, replicates=5))
    assert lines[0].startswith("baseline-seed1: accuracy ")
    file = folder / "baseline-seed1.csv.gz"
    write_atomically(file, gzip.decompress(file.read_bytes()).decode().replace("notumor/0.png", "cached.png"))
    assert next(ablate("v4", ["baseline"], settings, replicates=5)) == "baseline-seed1: already trained."
    assert b"cached.png" in gzip.decompress(file.read_bytes())
    assert trained == [1]
    assert list(read_runs(settings)) == ["baseline-seed1"]
    assert not list((folder / "work").iterdir())
    file.unlink()
    assert next(ablate("v4", ["baseline"], settings, replicates=5)).startswith("baseline-seed1: accuracy ")
    assert trained == [1, 1]
