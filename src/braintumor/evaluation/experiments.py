"""Experiments: train every arm with every seed, and keep what each run says of test scans and outside pictures."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.evaluation.localization import localization
from braintumor.evaluation.outside_set import FOLDER, at_hand, new_tumors, outside_facts
from braintumor.files import write_atomically
from braintumor.imaging import read_scan, standardize, to_batch
from braintumor.inference.outputs import Outputs
from braintumor.models.masked import served
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.aims import Aims
from braintumor.training.arms import Arm
from braintumor.training.data import TrainingData, fingerprint, recipe_data
from braintumor.training.distil import teacher_hashes
from braintumor.training.fit import fitted
from braintumor.training.schedule import chosen_epoch
from braintumor.vocabulary import CLASS_NAMES, TUMOR, Protocol, Split

FOLDER_OF_RUNS: Final = "experiments"
RUNS: Final = "runs.json"
_BATCH: Final = 64
_OUTSIDE: Final = "outside"


def run_experiments(arms: dict[str, Arm], settings: Settings) -> Iterator[str]:
    """Train what was not trained yet; a sentence for each run. What was interrupted goes on from its last epoch."""
    folder = settings.outputs / FOLDER_OF_RUNS
    for arm in arms.values():
        for seed in arm.seeds:
            name, recipe = run_name(arm, seed), arm.seeded(seed)
            data = recipe_data(recipe, Protocol.GROUP, settings)
            identity = run_identity(recipe, data.manifest, settings)
            noted = read_runs(settings).get(name, {})
            if noted.get("identity") == identity and (folder / f"{name}.csv").is_file():
                yield f"{name}: kept."
                continue
            work = folder / "work" / name
            model, history = fitted(recipe, data, work, aims=Aims.of(recipe, data, settings))
            validation = history.iloc[chosen_epoch(history["val_loss"].tolist(), recipe.fit) - 1]
            judged = {key: round(float(validation[key]), 5) for key in ("val_accuracy", "val_loss")}
            table = answers(served(model), recipe, data, settings)
            write_atomically(folder / f"{name}.csv", _text(table))
            _note(name, settings, identity=identity, epochs=len(history), groups=data.groups()[str(Split.TRAIN)],
                  images=len(data.rows(Split.TRAIN)), seconds=round(float(history["seconds"].sum()), 1),
                  **judged)  # fmt: skip
            shutil.rmtree(work)
            accuracy = (table["label"] == table[list(CLASS_NAMES)].idxmax(axis=1))[table["set"] == str(Split.TEST)]
            yield f"{name}: {accuracy.mean():.1%} of {len(accuracy)} test scans right."


def run_name(arm: Arm, seed: int) -> str:
    """Name of a run, and of its file."""
    return f"{arm.name}-seed{seed}"


def read_runs(settings: Settings) -> dict[str, dict[str, Any]]:
    """What is noted of every run that was done, by its name."""
    path = settings.outputs / FOLDER_OF_RUNS / RUNS
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def read_answers(settings: Settings, name: str) -> pd.DataFrame | None:
    """Answers of a run as `answers` gives them; None where it was not run."""
    path = settings.outputs / FOLDER_OF_RUNS / f"{name}.csv"
    return pd.read_csv(path, dtype={"group": str}) if path.is_file() else None


def answers(network: Any, recipe: Recipe, data: TrainingData, settings: Settings) -> pd.DataFrame:
    """What a network says.

    Returns
    -------
    DataFrame
        A row per scan of the test split and per new outside picture with a tumour (label `tumor`): `set`, `path`,
        `group`, `label`, the class head's probabilities under the classes' names, and `pointed`: whether the surest
        pixel of the mask, or of the class map where the mask was not taught, lies on the tumour (empty where it was
        not outlined).
    """
    rows = data.rows(Split.TEST)
    outputs, probabilities = _said(network, data.frames[rows], recipe)
    table = data.manifest.iloc[rows][["path", "group", "label"]].reset_index(drop=True)
    table = table.assign(set=str(Split.TEST), **_columns(probabilities))
    if data.masks is not None:
        found = localization(outputs, data.masks[rows], data.labels[rows])
        table["pointed"] = found["pointing_game" if recipe.mask and recipe.mask.weight else "map_pointing_game"]
    outside = _outside(data.manifest, recipe, settings)
    if outside is not None:
        chosen, frames = outside
        table = pd.concat([table, chosen.assign(**_columns(_said(network, frames, recipe)[1]))], ignore_index=True)
    return table


def _said(network: Any, frames: NDArray[np.uint8], recipe: Recipe) -> tuple[Outputs, NDArray[np.float32]]:
    found = network.predict(to_batch(frames, recipe.input.contract()), batch_size=_BATCH, verbose=0)
    parts = {name: np.asarray(values) for name, values in found.items()}
    return Outputs(parts["logits"], parts["maps"], parts["mask"]), parts["probabilities"]


def _columns(probabilities: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {name: probabilities[:, i] for i, name in enumerate(CLASS_NAMES)}


def _outside(
    manifest: pd.DataFrame, recipe: Recipe, settings: Settings
) -> tuple[pd.DataFrame, NDArray[np.uint8]] | None:
    if not at_hand(settings):
        return None
    kept, frames = [], []
    for fact in new_tumors(outside_facts(manifest, settings)).itertuples():
        try:
            scan = read_scan(settings.inputs / FOLDER / str(fact.path), settings=settings)
        except ScanError:
            continue
        kept.append({"set": _OUTSIDE, "path": fact.path, "group": fact.group, "label": TUMOR})
        frames.append(standardize(scan, recipe.input.contract())[0])
    return (pd.DataFrame(kept), np.stack(frames)) if kept else None


def run_identity(recipe: Recipe, manifest: pd.DataFrame, settings: Settings) -> str:
    """What a run is known by: equal only where the same recipe learnt from the same images and teachers."""
    taught = [teacher_hashes(recipe.teachers, settings)] if recipe.teachers else []
    said = json.dumps([recipe.model_dump(mode="json"), fingerprint(manifest), *taught], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _text(table: pd.DataFrame) -> str:
    text: str = table.to_csv(index=False, float_format="%.5g", lineterminator="\n")
    return text


def _note(name: str, settings: Settings, **facts: Any) -> None:
    path: Path = settings.outputs / FOLDER_OF_RUNS / RUNS
    runs = dict(sorted({**read_runs(settings), name: facts}.items()))
    write_atomically(path, json.dumps(runs, indent=1) + "\n")
