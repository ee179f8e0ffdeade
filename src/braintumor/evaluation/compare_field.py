"""The field: which versions are compared, which of them there are, and the command that makes each of the others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from braintumor.errors import DatasetError
from braintumor.inference.artifact import Artifact, load_artifact, versions
from braintumor.models.recipe import load_recipe
from braintumor.settings import Settings
from braintumor.training.data import fingerprint, split_manifest
from braintumor.vocabulary import Protocol, Task

# A version trained without the initial weights of its recipe has this behind its name.
BARE: Final = "-none"
KAGGLE: Final = "kaggle"


class Status(StrEnum):
    """How far a version has come here."""

    MEASURED = "measured"
    UNTRAINED = "not trained here"
    UNMEASURED = "not evaluated here"


@dataclass(frozen=True, slots=True)
class Entrant:
    """One version of the field.

    Attributes
    ----------
    version, title : str
    task : Task
    data : str
        The image set it learnt from.
    weights : str
        What it started from.
    status : Status
    artifact : Artifact or None
        None where it was not trained.
    command : str
        What to run next for it; empty where nothing is missing.
    """

    version: str
    title: str
    task: Task
    data: str
    weights: str
    status: Status
    artifact: Artifact | None = None
    command: str = ""


def find_field(names: Sequence[str], settings: Settings) -> list[Entrant]:
    """The versions named, or all of `recipes/` that learn from a whole image set.

    Raises
    ------
    ArtifactError
        A version named is neither there nor a recipe.
    DatasetError
        A version was trained on another split than the one all are compared on.
    """
    field = [_entrant(name, settings) for name in dict.fromkeys(names) or _default(settings)]
    wanted = fingerprint(split_manifest(Protocol.GROUP, settings))
    for entrant in field:
        if entrant.artifact and entrant.data == KAGGLE:
            _check(entrant.artifact, wanted)
    return field


def _default(settings: Settings) -> list[str]:
    there, names = set(versions(settings)), []
    for path in settings.recipes.glob("*.toml"):
        recipe = load_recipe(path.stem, settings)
        if not recipe.leave_out and recipe.learn_from == 1:
            names += [path.stem, *([path.stem + BARE] if path.stem + BARE in there else [])]
    # v1, v2, ... first: the line of versions everybody knows.
    return sorted(names, key=lambda name: (not re.match(r"v\d", name), name))


def _entrant(name: str, settings: Settings) -> Entrant:
    if name not in versions(settings) and (settings.recipes / f"{name}.toml").is_file():
        recipe = load_recipe(name, settings)
        command = f"braintumor train {name}"
        return Entrant(name, recipe.title, recipe.task, recipe.data, recipe.weights, Status.UNTRAINED, command=command)
    artifact = load_artifact(name, settings)
    card = artifact.card.raw
    given: dict[str, Any] = card.get("recipe") or {}
    weights = card.get("weights") or given.get("weights") or "none"
    is_measured = (artifact.folder / "evaluation.json").is_file()  # before that it has no thresholds of its own
    return Entrant(
        version=name,
        title=str(card.get("title") or name),
        task=artifact.card.task,
        data=str(given.get("data") or KAGGLE),
        weights=str(weights.get("initial") if isinstance(weights, dict) else weights),
        status=Status.MEASURED if is_measured else Status.UNMEASURED,
        artifact=artifact,
        command="" if is_measured else f"braintumor evaluate {name}",
    )


def _check(artifact: Artifact, wanted: str) -> None:
    """Refuse a version that may have learnt from scans it would be judged on."""
    card, name = artifact.card.raw, artifact.folder.name
    if card.get("protocol") != str(Protocol.GROUP) or (card.get("recipe") or {}).get("leave_out"):
        raise DatasetError(
            f"{name} was trained on another split than the one all are compared on, so it may have learnt from the "
            "scans it would be judged on. Name only versions trained by group on the whole image set."
        )
    if (card.get("data") or {}).get("fingerprint") != wanted:
        raise DatasetError(
            f"{name} was trained on other images or another split than those at hand, so it cannot be compared. "
            f"Restore outputs/dataset/manifest.csv, or train anew: braintumor train {name} --restart"
        )
