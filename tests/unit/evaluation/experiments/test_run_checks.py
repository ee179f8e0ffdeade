"""Runs of experiments: only those of the recipes and images at hand are weighed, and the others are named."""

import json
from pathlib import Path

import pandas as pd
import pytest

from braintumor.datasets.manifest import MANIFEST_COLUMNS, write_manifest
from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.experiments.ablations import _ablation_manifest, exclude_runs, run_fingerprint, stale_runs
from braintumor.evaluation.experiments.ablations import hypothesis_tests as weigh_module
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.experiments.hypothesis_tests import run_hypothesis_experiments
from braintumor.models.recipe import load_recipe
from braintumor.settings import Settings


def _manifest(settings: Settings, *, digest: str = "") -> None:
    rows = [
        dict.fromkeys(MANIFEST_COLUMNS, "")
        | {"path": f"{label}/{n}.jpg", "label": label, "sha256": f"{digest}{label}{n}", "group": f"{label}{n}",
           "split": split, "has_mask": False, "width": 9, "height": 9}
        for label in CLASS_NAMES
        for n, split in enumerate(("train", "train", "validation", "test"))
    ]  # fmt: skip
    settings.dataset_outputs.mkdir(exist_ok=True)
    write_manifest(pd.DataFrame(rows), settings)


@pytest.fixture
def arms(workspace: Settings) -> dict[str, Ablation]:
    """Two arms, both seeds of each run and noted as they have to be."""
    _manifest(workspace)
    whole = Ablation("whole", load_recipe("v1", workspace), (1, 2))
    half = Ablation("half", whole.recipe.model_copy(update={"learn_from": 0.5}), (1,))
    folder = workspace.outputs / "experiments"
    folder.mkdir()
    noted = {}
    for arm in (whole, half):
        for seed in arm.seeds:
            (folder / f"{arm.name}-seed{seed}.csv").write_text("path,group,label,set\n")
            identity = run_fingerprint(arm.with_seed(seed), _ablation_manifest(arm, workspace), workspace)
            noted[f"{arm.name}-seed{seed}"] = {"identity": identity}
    (folder / "runs.json").write_text(json.dumps(noted))
    return {arm.name: arm for arm in (whole, half)}


def _noted(settings: Settings) -> Path:
    return settings.outputs / "experiments" / "runs.json"


def test_runs_of_these_recipes_and_images_fit(workspace: Settings, arms: dict[str, Ablation]) -> None:
    assert stale_runs(arms, workspace) == {}
    assert exclude_runs(arms, ()) == arms


def test_a_run_of_another_recipe_or_of_nobody_knows_what_is_named(
    workspace: Settings, arms: dict[str, Ablation]
) -> None:
    noted = json.loads(_noted(workspace).read_text())
    noted["whole-seed2"]["identity"] = noted["whole-seed1"]["identity"]
    del noted["half-seed1"]
    _noted(workspace).write_text(json.dumps(noted))
    found = stale_runs(arms, workspace)
    assert set(found) == {"whole-seed2", "half-seed1"}
    assert "another recipe" in found["whole-seed2"]
    assert "says nothing of it" in found["half-seed1"]
    assert {name: arm.seeds for name, arm in exclude_runs(arms, found).items()} == {"whole": (1,), "half": ()}


def test_no_run_fits_other_images(workspace: Settings, arms: dict[str, Ablation]) -> None:
    _manifest(workspace, digest="other")
    assert set(stale_runs(arms, workspace)) == {"whole-seed1", "whole-seed2", "half-seed1"}


def test_a_run_that_was_never_done_is_no_misfit(workspace: Settings, arms: dict[str, Ablation]) -> None:
    (workspace.outputs / "experiments" / "half-seed1.csv").unlink()
    _noted(workspace).write_text("{}")
    assert set(stale_runs(arms, workspace)) == {"whole-seed1", "whole-seed2"}


def test_what_does_not_fit_is_not_weighed_and_said(
    workspace: Settings, arms: dict[str, Ablation], monkeypatch: pytest.MonkeyPatch
) -> None:
    _noted(workspace).write_text("{}")
    monkeypatch.setattr(weigh_module, "load_ablations", lambda settings: arms)
    monkeypatch.setattr(
        weigh_module, "_measure_separability", lambda settings, replicates: {"metrics": {}, "facts": {}}
    )
    said = run_hypothesis_experiments(workspace, no_train=True)
    assert "whole-seed1: left out, since runs.json says nothing of it" in said
    assert "Train it again with: braintumor hypotheses" in said
    assert set(json.loads((workspace.outputs / "hypotheses.json").read_text())["experiments"]) == {"visible"}
