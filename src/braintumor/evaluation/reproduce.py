"""Reproduce: make a committed version again from the raw data, in a folder of its own, and hold the two together."""

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
from braintumor.evaluation.reproduction import Reproduction, compare_reproduction, iter_data_rows
from braintumor.inference.model_card import ModelCard, read_card
from braintumor.inference.runs import Run
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings, get_settings

# Below the outputs, in a folder for each version; git ignores it.
REPRODUCED_FOLDER: Final = "reproduced"
ProgressCallback = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class RunSpec:
    """How a committed version was made: its recipe's name, and what its folder's name says besides."""

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

    Everything is written to `outputs/reproduced/<version>`, decoded frames too: nothing committed is touched, and
    nothing but the raw images and initial weights is taken over. Stopped and started again, the training goes on.

    Parameters
    ----------
    version : str
        Folder of a committed version in `outputs/`, such as `v1` or `runs/v1/random-seed1`.
    made : Path, optional
        An outputs folder with the version in it already, made here or elsewhere: compare and make nothing.
    table : Path, optional
        Table of expected files, for an image set of one's own.
    say : callable
        Is told a sentence after each step.

    Raises
    ------
    ArtifactError
        There is no such version, or nothing to compare.
    DatasetError
        The images are not there and cannot be fetched, or are altered.
    RecipeError
        No recipe makes a version of this name.
    """
    settings = settings or get_settings()
    card = read_card(version, settings)
    if existing_outputs is not None:
        return compare_reproduction(version, settings, existing_outputs)
    run = find_run_spec(version, card, settings)
    folder = settings.outputs / REPRODUCED_FOLDER / version
    there = settings.model_copy(update={"outputs": folder, "cache": folder / ".cache"})
    _prepare_data(run, settings, there, table, report_progress)
    fingerprint = _data_fingerprint(run, there)
    rows = tuple(iter_data_rows(card, settings, folder, fingerprint))
    if any(row.within_tolerance is False for row in rows):  # hours of training could not mend that
        return Reproduction(version, rows)
    _train_and_evaluate(run, there, report_progress)
    return compare_reproduction(version, settings, folder)


def find_run_spec(version: str, card: ModelCard, settings: Settings) -> RunSpec:
    """What to train to make a version, from its folder's name and its card."""
    trained = Run.from_name(version)
    recipe = load_recipe(trained.version, settings)
    initial_weights = Recipe(**card.recipe).weights
    weights = None if initial_weights == recipe.weights else initial_weights
    if (str(trained.protocol), trained.seed, trained.weights) != (card.protocol, card.seed, weights):
        raise RecipeError(
            f"The card of {version} names protocol {card.protocol}, seed {card.seed} and weights "
            f"{initial_weights}, which do not fit its folder. Restore it with: git checkout -- outputs"
        )
    return RunSpec(
        trained.version, recipe, trained.protocol, None if trained.seed == recipe.seed else trained.seed, weights
    )


def dependencies(run: RunSpec) -> list[str]:
    """Folders of the versions that have to be there before a run: its teachers, or the members it averages."""
    teachers = run.recipe.teachers.run_names(run.protocol) if run.recipe.teachers else ()
    seed = run.recipe.seed if run.seed is None else run.seed
    return [*teachers, *(Run(member, run.protocol, seed).name for member in run.recipe.members)]


def _prepare_data(
    run: RunSpec, settings: Settings, new_settings: Settings, table: Path | None, report_progress: ProgressCallback
) -> None:
    """Images, masks, manifest and split, and the versions that this one rests on."""
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
        report_progress(f"{run.recipe_name} rests on {name}: the committed one is used.")


def _read_split_seed(settings: Settings) -> int:
    """The seed the committed split was dealt with."""
    path = settings.dataset_outputs / "split.json"
    return int(json.loads(path.read_text(encoding="utf-8"))["seed"]) if path.is_file() else 0


def _data_fingerprint(run: RunSpec, new_settings: Settings) -> str:
    from braintumor.training.data import load_data

    return load_data(run.recipe, run.protocol, new_settings, with_masks=False).fingerprint()


def _train_and_evaluate(run: RunSpec, new_settings: Settings, report_progress: ProgressCallback) -> None:
    from braintumor.evaluation.evaluate import evaluate
    from braintumor.training.export import export_model
    from braintumor.training.train import train

    name = train(run.recipe_name, run.protocol, seed=run.seed, weights=run.weights, settings=new_settings)
    report_progress(export_model(name, new_settings))
    report_progress(evaluate(name, new_settings))
