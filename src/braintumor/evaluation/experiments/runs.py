"""Ablation runs: train each ablation with each seed, store its predictions, and detect outdated runs."""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from braintumor.enums import CLASS_NAMES, Protocol, Split
from braintumor.errors import ArtifactError
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.experiments.run_predictions import predict_test_and_external
from braintumor.fileio import write_atomically
from braintumor.models.recipe import Recipe
from braintumor.models.serving_graph import multitask_serving_graph
from braintumor.settings import Settings
from braintumor.training.distillation import AuxiliaryObjectives, teacher_hashes
from braintumor.training.inputs.data import fingerprint_manifest, manifest_for_recipe
from braintumor.training.inputs.load import load_data
from braintumor.training.schedule import selected_epoch
from braintumor.training.trainer import train_with_checkpoints

EXPERIMENTS_FOLDER: Final = "experiments"
RUNS_FILE: Final = "runs.json"

Ablations = Mapping[str, Ablation]


def run_ablations(ablations: Ablations, settings: Settings) -> Iterator[str]:
    """Train every run that is missing or outdated, and yield one line per run; interrupted runs are resumed."""
    for ablation in ablations.values():
        for seed in ablation.seeds:
            yield _run(ablation, seed, settings)


def _run(ablation: Ablation, seed: int, settings: Settings) -> str:
    name, recipe = ablation.run_name(seed), ablation.with_seed(seed)
    folder = settings.outputs / EXPERIMENTS_FOLDER
    data = load_data(recipe, Protocol.GROUP, settings)
    identity = run_fingerprint(recipe, data.manifest, settings)
    if read_runs(settings).get(name, {}).get("identity") == identity and (folder / f"{name}.csv.gz").is_file():
        return f"{name}: already trained."
    work = folder / "work" / name
    objectives = AuxiliaryObjectives.from_recipe(recipe, data, settings)
    model, history = train_with_checkpoints(recipe, data, work, objectives=objectives)
    table = predict_test_and_external(multitask_serving_graph(model), recipe, data, settings)
    write_atomically(folder / f"{name}.csv.gz", table.to_csv(index=False, float_format="%.5g", lineterminator="\n"))
    selected = history.iloc[selected_epoch(history["val_loss"].tolist(), recipe.fit) - 1]
    _record_run(
        name,
        settings,
        identity=identity,
        epochs=len(history),
        groups=data.count_groups()[str(Split.TRAIN)],
        images=len(data.split_rows(Split.TRAIN)),
        seconds=round(float(history["seconds"].sum()), 1),
        val_accuracy=round(float(selected["val_accuracy"]), 5),
        val_loss=round(float(selected["val_loss"]), 5),
    )
    shutil.rmtree(work)
    test = table[table["set"] == str(Split.TEST)]
    accuracy = (test["label"] == test[list(CLASS_NAMES)].idxmax(axis=1)).mean()
    return f"{name}: accuracy {accuracy:.1%} on {len(test):,} test scans."


def read_runs(settings: Settings) -> dict[str, dict[str, Any]]:
    """Read what was recorded about every run, by its name."""
    path = settings.outputs / EXPERIMENTS_FOLDER / RUNS_FILE
    runs: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return runs


def read_run_predictions(settings: Settings, name: str) -> pd.DataFrame | None:
    """Read the table of `predict_test_and_external`; None if there is no such run."""
    path = settings.outputs / EXPERIMENTS_FOLDER / f"{name}.csv.gz"
    return pd.read_csv(path, dtype={"group": str}) if path.is_file() else None


def valid_runs(ablations: Ablations, settings: Settings, command: str) -> tuple[dict[str, Ablation], list[str]]:
    """Return the ablations without the seeds of outdated runs, and one line for each of those with a remedy."""
    outdated = stale_runs(ablations, settings)
    messages = [f"{name}: skipped, because {reason}. Retrain it with: {command}" for name, reason in outdated.items()]
    return exclude_runs(ablations, outdated), messages


def stale_runs(ablations: Ablations, settings: Settings) -> dict[str, str]:
    """Return the reason why each stored run is outdated, by its name.

    A run is identified by the hash of its recipe, its images with their splits, and its teachers. Runs that were never
    trained are not included.
    """
    recorded, reasons = read_runs(settings), {}
    for ablation in ablations.values():
        manifest = _ablation_manifest(ablation, settings)
        for seed in ablation.seeds:
            name = ablation.run_name(seed)
            if not (settings.outputs / EXPERIMENTS_FOLDER / f"{name}.csv.gz").is_file():
                continue
            if name not in recorded:
                reasons[name] = f"{RUNS_FILE} has no record of its recipe and images"
            elif recorded[name].get("identity") != _expected_fingerprint(ablation, seed, manifest, settings):
                reasons[name] = "it was trained with another recipe, other images or another split"
    return reasons


def exclude_runs(ablations: Ablations, excluded: Collection[str]) -> dict[str, Ablation]:
    """Return the ablations without the seeds of excluded runs."""
    return {
        name: replace(ablation, seeds=tuple(seed for seed in ablation.seeds if ablation.run_name(seed) not in excluded))
        for name, ablation in ablations.items()
    }


def run_fingerprint(recipe: Recipe, manifest: pd.DataFrame, settings: Settings) -> str:
    """Hash recipe, images and teachers of a run."""
    teachers = [teacher_hashes(recipe.teachers, settings)] if recipe.teachers else []
    content = json.dumps([recipe.model_dump(mode="json"), fingerprint_manifest(manifest), *teachers], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _expected_fingerprint(ablation: Ablation, seed: int, manifest: pd.DataFrame, settings: Settings) -> str | None:
    try:
        return run_fingerprint(ablation.with_seed(seed), manifest, settings)
    except ArtifactError:  # a teacher is missing
        return None


def _ablation_manifest(ablation: Ablation, settings: Settings) -> pd.DataFrame:
    recipe = ablation.recipe
    return manifest_for_recipe(
        Protocol.GROUP, settings, holdout_sources=recipe.holdout_sources, train_fraction=recipe.train_fraction
    )


def _record_run(name: str, settings: Settings, **details: Any) -> None:
    runs = dict(sorted({**read_runs(settings), name: details}.items()))
    write_atomically(settings.outputs / EXPERIMENTS_FOLDER / RUNS_FILE, json.dumps(runs, indent=1) + "\n")
