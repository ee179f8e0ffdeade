"""Choose the models of a comparison, and the command that trains or evaluates each missing one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from braintumor.enums import Protocol, Task
from braintumor.errors import DatasetError
from braintumor.inference.model_card import EVALUATION_FILE
from braintumor.inference.registry import Artifact, list_models, load_artifact
from braintumor.models.recipe import find_recipes, load_recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import fingerprint_manifest, manifest_with_split

# Suffix of models trained from random instead of pretrained weights.
RANDOM_INIT_SUFFIX: Final = "-none"
KAGGLE_SET_NAME: Final = "kaggle"
BINARY_SET_NAME: Final = "yes-no"


class CandidateStatus(StrEnum):
    """How far a model has come in this working copy."""

    EVALUATED = "measured"
    NOT_TRAINED = "not trained here"
    NOT_EVALUATED = "not evaluated here"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model of a comparison.

    Attributes
    ----------
    version, title : str
    task : Task
    data : str
        Dataset it was trained on.
    weights : str
        Initial weights.
    status : CandidateStatus
    artifact : Artifact or None
        None if it was not trained.
    command : str
        What to run next; empty if nothing is missing.
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
    """Return the named models, or all models of `recipes/` trained on a whole dataset.

    Raises
    ------
    ArtifactError
        A named model neither exists nor has a recipe.
    DatasetError
        A model was trained on another split than the common one.
    """
    candidates = [_make_candidate(name, settings) for name in dict.fromkeys(names) or _default_names(settings)]
    expected_fingerprint = fingerprint_manifest(manifest_with_split(Protocol.GROUP, settings))
    for candidate in candidates:
        if candidate.artifact and candidate.data == KAGGLE_SET_NAME:
            _require_same_split(candidate.artifact, expected_fingerprint)
    return candidates


def _default_names(settings: Settings) -> list[str]:
    available, names = set(list_models(settings)), []
    for version in find_recipes(settings):
        recipe = load_recipe(version, settings)
        if not recipe.holdout_source and recipe.train_fraction == 1:
            names += [version, *([version + RANDOM_INIT_SUFFIX] if version + RANDOM_INIT_SUFFIX in available else [])]
    # v1, v2, ... come first.
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
    is_measured = (artifact.folder / EVALUATION_FILE).is_file()  # otherwise it has no thresholds yet
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
    """Reject a model that may have been trained on scans of the common test split."""
    card, name = artifact.card, artifact.folder.name
    if card.protocol != Protocol.GROUP or card.recipe.get("holdout_source"):
        raise DatasetError(
            f"Cannot compare {name}: it was trained on another split, which may contain the common test scans. "
            "Name only models trained with the group protocol on the whole dataset."
        )
    if card.data.fingerprint != expected_fingerprint:
        raise DatasetError(
            f"Cannot compare {name}: it was trained on other images or another split than those in inputs/. "
            f"Restore outputs/dataset/manifest.csv, or retrain with: braintumor train {name} --restart"
        )
