"""Retrain a committed model from raw data in a separate folder, and compare it with the original."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.catalog import BINARY_SET, KAGGLE
from braintumor.datasets.download import fetch_dataset
from braintumor.datasets.masks import fetch_masks
from braintumor.datasets.splits import split_dataset
from braintumor.enums import Protocol
from braintumor.errors import RecipeError
from braintumor.evaluation.reproduction_report import Reproduction, compare_reproduction, iter_data_rows
from braintumor.inference.model_card import ModelCard, read_card
from braintumor.inference.runs import Run
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings, get_settings

# Folder in `outputs/` with one subfolder per model, ignored by git.
REPRODUCED_FOLDER: Final = "reproduced"
ProgressCallback = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class RunSpec:
    """How to train a committed model: its recipe, and the options encoded in its folder name."""

    recipe_name: str
    recipe: Recipe
    protocol: Protocol
    seed: int | None
    weights: str | None


def reproduce(
    version: str,
    settings: Settings | None = None,
    *,
    existing_outputs: Path | None = None,
    table: Path | None = None,
    report_progress: ProgressCallback = print,
) -> Reproduction:
    """Fetch or verify the images, audit, split, train, export and evaluate; then compare with `outputs/<version>`.

    Everything, including decoded images, is written to `outputs/reproduced/<version>`. Committed files do not change,
    and only raw images and initial weights are reused. An interrupted training is resumed.

    Parameters
    ----------
    version : str
        Folder of a committed model in `outputs/`, such as `v1` or `runs/v1/random-seed1`.
    existing_outputs : Path, optional
        Outputs folder with the retrained model: compare only.
    table : Path, optional
        Table of expected files of another dataset.
    report_progress : callable
        Called with one line after each step.

    Raises
    ------
    ArtifactError
        The model does not exist, or there is nothing to compare.
    DatasetError
        The images are missing and cannot be downloaded, or are altered.
    RecipeError
        No recipe matches the model.
    """
    settings = settings or get_settings()
    card = read_card(version, settings)
    if existing_outputs is not None:
        return compare_reproduction(version, settings, existing_outputs)
    run = find_run_spec(version, card, settings)
    folder = settings.outputs / REPRODUCED_FOLDER / version
    new_settings = settings.model_copy(update={"outputs": folder, "cache": folder / ".cache"})
    _prepare_data(run, settings, new_settings, table, report_progress)
    fingerprint = _data_fingerprint(run, new_settings)
    rows = tuple(iter_data_rows(card, settings, folder, fingerprint))
    if any(row.within_tolerance is False for row in rows):  # training cannot correct other data
        return Reproduction(version, rows)
    _train_and_evaluate(run, new_settings, report_progress)
    return compare_reproduction(version, settings, folder)


def find_run_spec(version: str, card: ModelCard, settings: Settings) -> RunSpec:
    """Derive how to train a model from its folder name and its card."""
    run = Run.from_name(version)
    recipe = load_recipe(run.version, settings)
    initial_weights = Recipe(**card.recipe).weights
    weights = None if initial_weights == recipe.weights else initial_weights
    if (str(run.protocol), run.seed, run.weights) != (card.protocol, card.seed, weights):
        raise RecipeError(
            f"The card of {version} has protocol {card.protocol}, seed {card.seed} and weights {initial_weights}, "
            "which do not match its folder name. Restore it with: git checkout -- outputs"
        )
    return RunSpec(run.version, recipe, run.protocol, None if run.seed == recipe.seed else run.seed, weights)


def dependencies(run: RunSpec) -> list[str]:
    """List the models a run needs: its teachers, or the members of an ensemble."""
    teachers = run.recipe.teachers.run_names(run.protocol) if run.recipe.teachers else ()
    seed = run.recipe.seed if run.seed is None else run.seed
    return [*teachers, *(Run(member, run.protocol, seed).name for member in run.recipe.members)]


def _prepare_data(
    run: RunSpec, settings: Settings, new_settings: Settings, table: Path | None, report_progress: ProgressCallback
) -> None:
    """Prepare images, masks, manifest and split, and copy the models this one depends on."""
    if run.recipe.data == "yes-no":
        report_progress(fetch_dataset(file_table=table, settings=new_settings, image_set=BINARY_SET))
    else:
        report_progress(fetch_dataset(file_table=table, settings=new_settings, image_set=KAGGLE))
        if run.recipe.mask:
            report_progress(fetch_masks(settings=new_settings))
        report_progress(audit_dataset(new_settings))
        report_progress(split_dataset(seed=_read_split_seed(settings), settings=new_settings))
    for name in dependencies(run):
        shutil.copytree(
            settings.outputs / name,
            new_settings.outputs / name,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("work"),
        )
        report_progress(f"{run.recipe_name} depends on {name}; using the committed one.")


def _read_split_seed(settings: Settings) -> int:
    """Read the seed of the committed split."""
    path = settings.dataset_outputs / "split.json"
    return int(json.loads(path.read_text(encoding="utf-8"))["seed"]) if path.is_file() else 0


def _data_fingerprint(run: RunSpec, new_settings: Settings) -> str:
    from braintumor.training.inputs.load import load_data

    return load_data(run.recipe, run.protocol, new_settings, with_masks=False).fingerprint()


def _train_and_evaluate(run: RunSpec, new_settings: Settings, report_progress: ProgressCallback) -> None:
    from braintumor.evaluation.evaluate import evaluate
    from braintumor.training.export import export_model
    from braintumor.training.train import train

    name = train(run.recipe_name, run.protocol, seed=run.seed, weights=run.weights, settings=new_settings)
    report_progress(export_model(name, new_settings))
    report_progress(evaluate(name, new_settings))
