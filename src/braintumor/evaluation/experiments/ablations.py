"""Experiments: train every arm with every seed, and keep what each run says of test scans and outside pictures."""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, Protocol, Split
from braintumor.errors import ArtifactError, ScanError
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.stress_test.external import (
    EXTERNAL_FOLDER,
    has_external_set,
    index_external_images,
    select_new_tumors,
)
from braintumor.fileio import write_atomically
from braintumor.imaging import preprocess, read_scan, to_batch
from braintumor.inference.outputs import Outputs
from braintumor.models.recipe import Recipe
from braintumor.models.serving_graph import multitask_serving_graph
from braintumor.settings import Settings
from braintumor.training.data import TrainingData, fingerprint_manifest, load_data, manifest_for_recipe
from braintumor.training.distillation import AuxiliaryObjectives, teacher_hashes
from braintumor.training.schedule import selected_epoch
from braintumor.training.trainer import train_with_checkpoints


def stale_runs(ablations: Mapping[str, Ablation], settings: Settings) -> dict[str, str]:
    """Why each run that left answers does not fit, by its name; those that fit, and those never done, are not there.

    A run is known by what was noted of it when it was done: the hash of its recipe, its images with their splits, and
    its teachers. Where any of them changed since, its answers are answers to another question.
    """
    noted, found = read_runs(settings), {}
    for arm in ablations.values():
        manifest = _ablation_manifest(arm, settings)
        for seed in arm.seeds:
            name = ablation_run_name(arm, seed)
            if not (settings.outputs / EXPERIMENTS_FOLDER / f"{name}.csv").is_file():
                continue
            if name not in noted:
                found[name] = f"{RUNS_FILE} says nothing of it, so nobody knows which recipe and images it is of"
            elif noted[name].get("identity") != _expected_fingerprint(arm, seed, manifest, settings):
                found[name] = "it is of another recipe, other images or another split than those at hand"
    return found


def _expected_fingerprint(ablation: Ablation, seed: int, manifest: pd.DataFrame, settings: Settings) -> str | None:
    try:
        return run_fingerprint(ablation.with_seed(seed), manifest, settings)
    except ArtifactError:  # a teacher is gone
        return None


def _ablation_manifest(ablation: Ablation, settings: Settings) -> pd.DataFrame:
    """What an arm learns from."""
    recipe = ablation.recipe
    return manifest_for_recipe(
        Protocol.GROUP, settings, holdout_source=recipe.leave_out, train_fraction=recipe.learn_from
    )


def valid_runs(
    ablations: Mapping[str, Ablation], settings: Settings, command: str
) -> tuple[dict[str, Ablation], list[str]]:
    """The arms with only the seeds whose runs fit, and a sentence for each of the others with what to run."""
    wrong = stale_runs(ablations, settings)
    said = [f"{name}: left out, since {why}. Train it again with: {command}" for name, why in wrong.items()]
    return exclude_runs(ablations, wrong), said


def exclude_runs(ablations: Mapping[str, Ablation], excluded: Collection[str]) -> dict[str, Ablation]:
    """The arms with only the seeds whose runs are not left out."""
    return {
        name: replace(arm, seeds=tuple(seed for seed in arm.seeds if ablation_run_name(arm, seed) not in excluded))
        for name, arm in ablations.items()
    }


EXPERIMENTS_FOLDER: Final = "experiments"
RUNS_FILE: Final = "runs.json"
_BATCH_SIZE: Final = 64
_EXTERNAL: Final = "outside"


def run_ablations(ablations: dict[str, Ablation], settings: Settings) -> Iterator[str]:
    """Train what was not trained yet; a sentence for each run. What was interrupted goes on from its last epoch."""
    folder = settings.outputs / EXPERIMENTS_FOLDER
    for arm in ablations.values():
        for seed in arm.seeds:
            name, recipe = ablation_run_name(arm, seed), arm.with_seed(seed)
            data = load_data(recipe, Protocol.GROUP, settings)
            identity = run_fingerprint(recipe, data.manifest, settings)
            noted = read_runs(settings).get(name, {})
            if noted.get("identity") == identity and (folder / f"{name}.csv").is_file():
                yield f"{name}: kept."
                continue
            work = folder / "work" / name
            model, history = train_with_checkpoints(
                recipe, data, work, objectives=AuxiliaryObjectives.from_recipe(recipe, data, settings)
            )
            validation = history.iloc[selected_epoch(history["val_loss"].tolist(), recipe.fit) - 1]
            judged = {key: round(float(validation[key]), 5) for key in ("val_accuracy", "val_loss")}
            table = predict_test_and_external(multitask_serving_graph(model), recipe, data, settings)
            write_atomically(folder / f"{name}.csv", _to_csv(table))
            _record_run(name, settings, identity=identity, epochs=len(history), groups=data.count_groups()[str(Split.TRAIN)],
                  images=len(data.split_rows(Split.TRAIN)), seconds=round(float(history["seconds"].sum()), 1),
                  **judged)  # fmt: skip
            shutil.rmtree(work)
            accuracy = (table["label"] == table[list(CLASS_NAMES)].idxmax(axis=1))[table["set"] == str(Split.TEST)]
            yield f"{name}: {accuracy.mean():.1%} of {len(accuracy)} test scans right."


def ablation_run_name(ablation: Ablation, seed: int) -> str:
    """Name of a run, and of its file."""
    return f"{ablation.name}-seed{seed}"


def read_runs(settings: Settings) -> dict[str, dict[str, Any]]:
    """What is noted of every run that was done, by its name."""
    path = settings.outputs / EXPERIMENTS_FOLDER / RUNS_FILE
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def read_run_predictions(settings: Settings, name: str) -> pd.DataFrame | None:
    """Answers of a run as `answers` gives them; None where it was not run."""
    path = settings.outputs / EXPERIMENTS_FOLDER / f"{name}.csv"
    return pd.read_csv(path, dtype={"group": str}) if path.is_file() else None


def predict_test_and_external(network: Any, recipe: Recipe, data: TrainingData, settings: Settings) -> pd.DataFrame:
    """What a network says.

    Returns
    -------
    DataFrame
        A row per scan of the test split and per new outside picture with a tumour (label `tumor`): `set`, `path`,
        `group`, `label`, the class head's probabilities under the classes' names, and `pointed`: whether the surest
        pixel of the mask, or of the class map where the mask was not taught, lies on the tumour (empty where it was
        not outlined).
    """
    rows = data.split_rows(Split.TEST)
    outputs, probabilities = _predict(network, data.model_inputs[rows], recipe)
    table = data.manifest.iloc[rows][["path", "group", "label"]].reset_index(drop=True)
    table = table.assign(set=str(Split.TEST), **_probability_columns(probabilities))
    if data.masks is not None:
        found = localization_metrics(outputs, data.masks[rows], data.labels[rows])
        table["pointed"] = found["pointing_game" if recipe.mask and recipe.mask.weight else "map_pointing_game"]
    outside = _load_external(data.manifest, recipe, settings)
    if outside is not None:
        chosen, frames = outside
        table = pd.concat(
            [table, chosen.assign(**_probability_columns(_predict(network, frames, recipe)[1]))], ignore_index=True
        )
    return table


def _predict(network: Any, model_inputs: NDArray[np.uint8], recipe: Recipe) -> tuple[Outputs, NDArray[np.float32]]:
    found = network.predict(to_batch(model_inputs, recipe.input.to_input_spec()), batch_size=_BATCH_SIZE, verbose=0)
    parts = {name: np.asarray(values) for name, values in found.items()}
    return Outputs(parts["logits"], parts["maps"], parts["mask"]), parts["probabilities"]


def _probability_columns(probabilities: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {name: probabilities[:, i] for i, name in enumerate(CLASS_NAMES)}


def _load_external(
    manifest: pd.DataFrame, recipe: Recipe, settings: Settings
) -> tuple[pd.DataFrame, NDArray[np.uint8]] | None:
    if not has_external_set(settings):
        return None
    kept, frames = [], []
    for fact in select_new_tumors(index_external_images(manifest, settings)).itertuples():
        try:
            scan = read_scan(settings.inputs / EXTERNAL_FOLDER / str(fact.path), settings=settings)
        except ScanError:
            continue
        kept.append({"set": _EXTERNAL, "path": fact.path, "group": fact.group, "label": TUMOR_LABEL})
        frames.append(preprocess(scan, recipe.input.to_input_spec())[0])
    return (pd.DataFrame(kept), np.stack(frames)) if kept else None


def run_fingerprint(recipe: Recipe, manifest: pd.DataFrame, settings: Settings) -> str:
    """What a run is known by: equal only where the same recipe learnt from the same images and teachers."""
    taught = [teacher_hashes(recipe.teachers, settings)] if recipe.teachers else []
    said = json.dumps([recipe.model_dump(mode="json"), fingerprint_manifest(manifest), *taught], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _to_csv(table: pd.DataFrame) -> str:
    text: str = table.to_csv(index=False, float_format="%.5g", lineterminator="\n")
    return text


def _record_run(name: str, settings: Settings, **details: Any) -> None:
    path: Path = settings.outputs / EXPERIMENTS_FOLDER / RUNS_FILE
    runs = dict(sorted({**read_runs(settings), name: details}.items()))
    write_atomically(path, json.dumps(runs, indent=1) + "\n")
