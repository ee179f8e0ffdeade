"""The field: which versions are compared, which of them there are, and the command that makes each of the others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from braintumor.enums import Protocol, Task
from braintumor.errors import DatasetError
from braintumor.inference.registry import Artifact, list_models, load_artifact
from braintumor.models.recipe import find_recipes, load_recipe
from braintumor.settings import Settings
from braintumor.training.data import fingerprint_manifest, manifest_with_split

# A version trained without the initial weights of its recipe has this behind its name.
RANDOM_INIT_SUFFIX: Final = "-none"
KAGGLE_SET_NAME: Final = "kaggle"


class CandidateStatus(StrEnum):
    """How far a version has come here."""

    EVALUATED = "measured"
    NOT_TRAINED = "not trained here"
    NOT_EVALUATED = "not evaluated here"


@dataclass(frozen=True, slots=True)
class Candidate:
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
    status: CandidateStatus
    artifact: Artifact | None = None
    command: str = ""


def find_candidates(names: Sequence[str], settings: Settings) -> list[Candidate]:
    """The versions named, or all of `recipes/` that learn from a whole image set.

    Raises
    ------
    ArtifactError
        A version named is neither there nor a recipe.
    DatasetError
        A version was trained on another split than the one all are compared on.
    """
    field = [_make_candidate(name, settings) for name in dict.fromkeys(names) or _default_names(settings)]
    wanted = fingerprint_manifest(manifest_with_split(Protocol.GROUP, settings))
    for entrant in field:
        if entrant.artifact and entrant.data == KAGGLE_SET_NAME:
            _require_same_split(entrant.artifact, wanted)
    return field


def _default_names(settings: Settings) -> list[str]:
    there, names = set(list_models(settings)), []
    for version in find_recipes(settings):
        recipe = load_recipe(version, settings)
        if not recipe.holdout_source and recipe.train_fraction == 1:
            names += [version, *([version + RANDOM_INIT_SUFFIX] if version + RANDOM_INIT_SUFFIX in there else [])]
    # v1, v2, ... first: the line of versions everybody knows.
    return sorted(names, key=lambda name: (not re.match(r"v\d", name), name))


def _make_candidate(name: str, settings: Settings) -> Candidate:
    if name not in list_models(settings) and name in find_recipes(settings):
        recipe = load_recipe(name, settings)
        command = f"braintumor train {name}"
        return Candidate(
            name, recipe.title, recipe.task, recipe.data, recipe.weights, CandidateStatus.NOT_TRAINED, command=command
        )
    artifact = load_artifact(name, settings)
    card = artifact.card
    weights = card.weights.initial if card.weights else str(card.recipe.get("weights") or "none")
    is_measured = (artifact.folder / "evaluation.json").is_file()  # before that it has no thresholds of its own
    return Candidate(
        version=name,
        title=card.title or name,
        task=card.task,
        data=str(card.recipe.get("data") or KAGGLE_SET_NAME),
        weights=weights,
        status=CandidateStatus.EVALUATED if is_measured else CandidateStatus.NOT_EVALUATED,
        artifact=artifact,
        command="" if is_measured else f"braintumor evaluate {name}",
    )


def _require_same_split(artifact: Artifact, expected_fingerprint: str) -> None:
    """Refuse a version that may have learnt from scans it would be judged on."""
    card, name = artifact.card, artifact.folder.name
    if card.protocol != Protocol.GROUP or card.recipe.get("holdout_source"):
        raise DatasetError(
            f"{name} was trained on another split than the one all are compared on, so it may have learnt from the "
            "scans it would be judged on. Name only versions trained by group on the whole image set."
        )
    if card.data.fingerprint != expected_fingerprint:
        raise DatasetError(
            f"{name} was trained on other images or another split than those at hand, so it cannot be compared. "
            f"Restore outputs/dataset/manifest.csv, or train anew: braintumor train {name} --restart"
        )
