"""Trial: arms are held against the whole seed by seed, and what was not measured is not made up."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.errors import RecipeError
from braintumor.evaluation.experiments import read_runs, run_experiments
from braintumor.evaluation.trial import trial
from braintumor.models.build import build
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.arms import FLAGSHIP_FILE, load_arms
from braintumor.training.data import TrainingData
from braintumor.vocabulary import CLASS_NAMES
from tests.support.training import phantom_data

BASE = """
title = "tiny"
architecture = "masked_residual"
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
[arms.balanced]
seeds = [1, 2]
origin = { balance = true }
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
    monkeypatch.setattr("braintumor.evaluation.run_checks.misfits", lambda *_: found)
    return found


def _write(settings: Settings, name: str, right: float, told: float, *, origins: bool = True) -> None:
    """A run that answers a share of test scans right, and whose features tell the origin so well."""
    generator = np.random.default_rng(len(name) * 100 + int(name[-1]))
    labels = np.repeat([*CLASS_NAMES, "tumor"], 40)
    place = np.array([CLASS_NAMES.index(label) if label in CLASS_NAMES else 0 for label in labels])
    wrong = generator.random(len(labels)) > right
    said = np.eye(4)[np.where(wrong, (place + 2) % 4, place)] * 0.6 + generator.dirichlet(np.ones(4), len(labels)) * 0.4
    table = pd.DataFrame({"path": [f"{i}.png" for i in range(len(labels))], "label": labels})
    table["group"] = [f"g{i // 2}" for i in range(len(labels))]
    table["set"] = np.where(labels == "tumor", "outside", "test")
    table[list(CLASS_NAMES)] = said
    folder = settings.outputs / "experiments"
    table.to_csv(folder / f"{name}.csv", index=False)
    if origins:
        origin = np.repeat(["sartaj", "figshare-cheng"], 40)
        score = generator.normal(size=80) + told * (origin == "sartaj")
        read = pd.DataFrame({"path": "x", "group": [f"g{i // 2}" for i in range(80)], "origin": origin})
        read.assign(planted=False, **{"sartaj@head": score}).to_csv(folder / f"{name}-origins.csv", index=False)


def _found(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((settings.outputs / "experiments" / "flagship.json").read_text())
    return found


def test_an_arm_that_answers_better_and_tells_less_of_the_origin_is_found_to(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6, 3.0)
        _write(settings, f"balanced-seed{seed}", 0.95, 0.3)
    said = list(trial(settings=settings, measured_only=True, replicates=100))
    gaps = _found(settings)["balanced"]["differences"]
    for better in ("accuracy", "outside_sensitivity", "outside_roc_auc"):
        assert 0 < gaps[better]["low"] < gaps[better]["value"]
    assert gaps["roc_auc@read:sartaj@head"]["high"] < 0
    assert gaps["accuracy"]["seeds"] == 2
    assert any(line.startswith("balanced less whole: test accuracy +0.") for line in said)
    assert not any("not measured" in line for line in said)


def test_only_seeds_of_both_are_compared_and_an_origin_that_was_not_read_is_said_to_be_so(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6, 3.0, origins=False)
    _write(settings, "balanced-seed2", 0.95, 0.3, origins=False)
    said = list(trial(settings=settings, measured_only=True, replicates=20))
    found = _found(settings)
    assert found["balanced"]["differences"]["accuracy"]["seeds"] == 1
    assert found["whole"]["metrics"]["outside_roc_auc"]["seeds"] == 2
    assert not any("@read" in name for name in found["balanced"]["differences"])
    assert "balanced: how well origin is read was not measured. Run: braintumor experiment whole balanced" in said


def test_a_run_of_another_recipe_is_left_out_and_named(settings: Settings, wrong: dict[str, str]) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6, 3.0)
        _write(settings, f"balanced-seed{seed}", 0.95, 0.3)
    wrong["whole-seed1"] = "it is of another recipe"
    said = list(trial(settings=settings, measured_only=True, replicates=20))
    assert said[0].startswith("whole-seed1: left out, since it is of another recipe.")
    assert _found(settings)["balanced"]["differences"]["accuracy"]["seeds"] == 1


def test_runs_on_other_outside_pictures_are_not_held_together(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", 0.6, 3.0)
        _write(settings, f"balanced-seed{seed}", 0.95, 0.3)
    path = settings.outputs / "experiments" / "whole-seed2.csv"
    table = pd.read_csv(path)
    table[table["set"] == "test"].to_csv(path, index=False)
    list(trial(settings=settings, measured_only=True, replicates=20))
    differences = _found(settings)["balanced"]["differences"]
    assert differences["accuracy"]["seeds"] == differences["outside_roc_auc"]["seeds"] == 1


def test_nothing_is_said_of_an_arm_that_was_not_run(settings: Settings) -> None:
    assert list(trial(settings=settings, measured_only=True)) == []
    assert _found(settings) == {}


def test_an_unknown_arm_lists_those_there_are(settings: Settings) -> None:
    with pytest.raises(RecipeError, match=r"no arm 'whale' .*whole, balanced"):
        list(trial(["whale"], settings))


@pytest.mark.slow
def test_answers_that_are_kept_stay_when_only_their_origins_are_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = phantom_data(Recipe.model_validate_json(_tiny()).input.contract(), per_class=24)
    names = np.where(data.manifest["label"] == "notumor", "br35h", "figshare-cheng")
    data = replace(data, manifest=data.manifest.assign(origin=names, split="test"))
    trained: list[int] = []

    def fitted(recipe: Recipe, _data: TrainingData, work: Path, **_: object) -> tuple[Any, pd.DataFrame]:
        work.mkdir(parents=True)
        trained.append(recipe.seed)
        return build(recipe), pd.DataFrame({"seconds": [1.0], "val_loss": [0.5], "val_accuracy": [0.75]})

    monkeypatch.setattr("braintumor.evaluation.experiments.fitted", fitted)
    monkeypatch.setattr("braintumor.evaluation.experiments.recipe_data", lambda *_: data)
    arms = (settings.recipes / "experiments" / "flagship.toml").read_text().replace("[1, 2]", "[1]")
    (settings.recipes / "experiments" / "flagship.toml").write_text(arms)
    folder = settings.outputs / "experiments"
    said = list(trial(["whole"], settings, replicates=5))
    assert "test scans right" in said[0]
    read = pd.read_csv(folder / "whole-seed1-origins.csv")
    assert (~read["planted"]).sum() == len(data.manifest)
    assert read["planted"].any()
    assert read.loc[read["planted"], "br35h@head"].isna().all()
    assert read.loc[~read["planted"], "br35h@head"].notna().all()
    assert read.loc[read["planted"], "origin"].eq("br35h").all()
    assert read["planted@stages"].notna().sum() == (read["planted"] | (read["origin"] != "br35h")).sum()
    answers = (folder / "whole-seed1.csv").read_text()
    assert next(trial(["whole"], settings, replicates=5)) == "whole-seed1: kept."
    (folder / "whole-seed1-origins.csv").unlink()
    (folder / "whole-seed1.csv").write_text(answers.replace("notumor/0.png", "kept.png"))
    assert next(trial(["whole"], settings, replicates=5)) == "whole-seed1: kept, and its origins read."
    assert "kept.png" in (folder / "whole-seed1.csv").read_text()
    assert trained == [1, 1]
    assert list(read_runs(settings)) == ["whole-seed1"]
    (folder / "whole-seed1.csv").unlink()  # what is trained again without a look at its origins
    list(run_experiments({"whole": load_arms(settings, FLAGSHIP_FILE)["whole"]}, settings))
    assert not (folder / "whole-seed1-origins.csv").exists()
    assert not list((folder / "work").iterdir())


def _tiny() -> str:
    said = {"title": "x", "architecture": "masked_residual", "seed": 1}
    size = {"height": 64, "width": 64, "channels": 1}
    return json.dumps({**said, "input": size, "fit": {"learning_rate": 1e-3, "epochs": 1}})
