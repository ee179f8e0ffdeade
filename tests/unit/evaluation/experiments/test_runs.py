"""Only runs of the current recipes and images are analysed; others are named."""

import json
from pathlib import Path

import pandas as pd
import pytest

from braintumor.datasets.manifest import MANIFEST_COLUMNS, write_manifest
from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.experiments import ablate as ablate_module
from braintumor.evaluation.experiments import hypothesis_tests
from braintumor.evaluation.experiments.ablate import ablate
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.experiments.runs import _ablation_manifest, exclude_runs, run_fingerprint, stale_runs
from braintumor.fileio import write_atomically
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
def ablations(workspace: Settings) -> dict[str, Ablation]:
    """Two ablations whose runs are all recorded."""
    _manifest(workspace)
    baseline = Ablation("baseline", load_recipe("v1", workspace), (1, 2))
    half = Ablation("half", baseline.recipe.model_copy(update={"train_fraction": 0.5}), (1,))
    folder = workspace.outputs / "experiments"
    folder.mkdir()
    records = {}
    for ablation in (baseline, half):
        for seed in ablation.seeds:
            write_atomically(folder / f"{ablation.name}-seed{seed}.csv.gz", "path,group,label,set\n")
            identity = run_fingerprint(ablation.with_seed(seed), _ablation_manifest(ablation, workspace), workspace)
            records[f"{ablation.name}-seed{seed}"] = {"identity": identity}
    (folder / "runs.json").write_text(json.dumps(records))
    return {ablation.name: ablation for ablation in (baseline, half)}


def _runs_file(settings: Settings) -> Path:
    return settings.outputs / "experiments" / "runs.json"


def test_current_runs_are_valid(workspace: Settings, ablations: dict[str, Ablation]) -> None:
    assert stale_runs(ablations, workspace) == {}
    assert exclude_runs(ablations, ()) == ablations


def test_outdated_and_unrecorded_runs_are_named(workspace: Settings, ablations: dict[str, Ablation]) -> None:
    records = json.loads(_runs_file(workspace).read_text())
    records["baseline-seed2"]["identity"] = records["baseline-seed1"]["identity"]
    del records["half-seed1"]
    _runs_file(workspace).write_text(json.dumps(records))
    reasons = stale_runs(ablations, workspace)
    assert set(reasons) == {"baseline-seed2", "half-seed1"}
    assert "another recipe" in reasons["baseline-seed2"]
    assert "has no record of its recipe" in reasons["half-seed1"]
    assert {name: ablation.seeds for name, ablation in exclude_runs(ablations, reasons).items()} == {
        "baseline": (1,),
        "half": (),
    }


def test_other_images_make_every_run_outdated(workspace: Settings, ablations: dict[str, Ablation]) -> None:
    _manifest(workspace, digest="other")
    assert set(stale_runs(ablations, workspace)) == {"baseline-seed1", "baseline-seed2", "half-seed1"}


def test_missing_run_is_not_outdated(workspace: Settings, ablations: dict[str, Ablation]) -> None:
    (workspace.outputs / "experiments" / "half-seed1.csv.gz").unlink()
    _runs_file(workspace).write_text("{}")
    assert set(stale_runs(ablations, workspace)) == {"baseline-seed1", "baseline-seed2"}


def test_outdated_runs_are_reported_and_not_analysed(
    workspace: Settings, ablations: dict[str, Ablation], monkeypatch: pytest.MonkeyPatch
) -> None:
    _runs_file(workspace).write_text("{}")
    monkeypatch.setattr(ablate_module, "load_ablations", lambda study, settings: ablations)
    monkeypatch.setattr(
        hypothesis_tests, "_measure_separability", lambda settings, replicates: {"metrics": {}, "facts": {}}
    )
    lines = list(ablate("hypotheses", settings=workspace, no_train=True))
    assert lines[0] == (
        "baseline-seed1: skipped, because runs.json has no record of its recipe and images. "
        "Retrain it with: braintumor ablate hypotheses"
    )
    assert set(json.loads((workspace.outputs / "experiments" / "hypotheses.json").read_text())["experiments"]) == {
        "visible"
    }
