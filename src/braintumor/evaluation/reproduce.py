"""Reproduce: make a committed version again from the raw data, in a folder of its own, and hold the two together."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from braintumor.dataset.audit import audit
from braintumor.dataset.fetch import fetch
from braintumor.dataset.masks import fetch_masks
from braintumor.dataset.sets import KAGGLE, YES_NO
from braintumor.dataset.split import split
from braintumor.errors import RecipeError
from braintumor.evaluation.reproduction import Reproduction, compare, data_rows
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.runs import version_name
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import Protocol

# Below the outputs, in a folder for each version; git ignores it.
FOLDER: Final = "reproduced"
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Run:
    """How a committed version was made: its recipe's name, and what its folder's name says besides."""

    base: str
    recipe: Recipe
    protocol: Protocol
    seed: int | None
    weights: str | None


def reproduce(
    version: str,
    settings: Settings | None = None,
    *,
    made: Path | None = None,
    table: Path | None = None,
    say: Say = print,
) -> Reproduction:
    """Fetch or verify the images, audit, split, train, export and evaluate; then compare with `outputs/<version>`.

    Everything is written to `outputs/reproduced/<version>`, decoded frames too: nothing committed is touched, and
    nothing but the raw images and initial weights is taken over. Stopped and started again, the training goes on.

    Parameters
    ----------
    version : str
        Folder of a committed version in `outputs/`, such as `v1` or `v1-random`.
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
    from braintumor.training.card import read_card

    settings = settings or get_settings()
    card = read_card(version, settings)
    if made is not None:
        return compare(version, settings, made)
    run = run_of(version, card, settings)
    folder = settings.outputs / FOLDER / version
    there = settings.model_copy(update={"outputs": folder, "cache": folder / ".cache"})
    _prepare(run, settings, there, table, say)
    fingerprint = _fingerprint(run, there)
    rows = tuple(data_rows(card, settings, folder, fingerprint))
    if any(row.fits is False for row in rows):  # hours of training could not mend that
        return Reproduction(version, rows)
    _make(run, there, say)
    return compare(version, settings, folder)


def run_of(version: str, card: dict[str, Any], settings: Settings) -> Run:
    """What to train to make a version, from its folder's name and its card."""
    from braintumor.training.card import recipe_of

    began = recipe_of(card).weights  # cards from before a recipe could say say nothing of it
    names = [path.stem for path in settings.recipes.glob("*.toml")]
    bases = [name for name in names if version == name or version.startswith(f"{name}-")]
    for base in sorted(bases, key=len, reverse=True):
        protocol = Protocol(card["protocol"])
        recipe = load_recipe(base, settings).under(protocol)
        seed = None if card["seed"] == recipe.seed else int(card["seed"])
        weights = None if began == recipe.weights else began
        if version_name(base, protocol, seed, weights) == version:
            return Run(base, recipe, protocol, seed, weights)
    raise RecipeError(
        f"No recipe in recipes/ makes a version named {version}, so it cannot be made again. "
        f"There are: {', '.join(sorted(names))}."
    )


def rests_on(run: Run) -> list[str]:
    """Folders of the versions that have to be there before a run: its teachers, or the members it averages."""
    teachers = run.recipe.teachers.versions if run.recipe.teachers else ()
    return [*teachers, *(version_name(member, run.protocol, run.seed) for member in run.recipe.members)]


def _prepare(run: Run, settings: Settings, there: Settings, table: Path | None, say: Say) -> None:
    """Images, masks, manifest and split, and the versions that this one rests on."""
    if run.recipe.data == "yes-no":
        say(fetch(table=table, settings=there, image_set=YES_NO))
    else:
        say(fetch(table=table, settings=there, image_set=KAGGLE))
        if run.recipe.mask:
            say(fetch_masks(settings=there))
        say(audit(there))
        say(split(seed=_split_seed(settings), settings=there))
    for name in rests_on(run):
        shutil.copytree(
            settings.outputs / name, there.outputs / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("work")
        )
        say(f"{run.base} rests on {name}: the committed one is used.")


def _split_seed(settings: Settings) -> int:
    """The seed the committed split was dealt with."""
    path = settings.dataset_outputs / "split.json"
    return int(json.loads(path.read_text(encoding="utf-8"))["seed"]) if path.is_file() else 0


def _fingerprint(run: Run, there: Settings) -> str:
    from braintumor.training.data import recipe_data

    return recipe_data(run.recipe, run.protocol, there, outlined=False).fingerprint()


def _make(run: Run, there: Settings, say: Say) -> None:
    from braintumor.evaluation.run import evaluate
    from braintumor.training.export import export
    from braintumor.training.run import train

    name = train(run.base, run.protocol, seed=run.seed, weights=run.weights, settings=there)
    say(export(name, there))
    say(evaluate(name, there))
