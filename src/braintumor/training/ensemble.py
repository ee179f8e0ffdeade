"""Ensemble: several trained versions made into one, with one ONNX graph and a card of its own. Nothing is fitted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from braintumor.errors import ArtifactError, RecipeError
from braintumor.files import sha256_of, write_atomically
from braintumor.imaging import InputContract, to_batch
from braintumor.inference.artifact import MODEL, SALIENCY, Artifact, load_artifact
from braintumor.models.merged import Member, joined, merged
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.card import draft_card, forget_results, read_card, update_card
from braintumor.training.data import TrainingData, recipe_data
from braintumor.training.ensemble_gradient import merged_gradient
from braintumor.training.ensemble_weights import Shares, choose_shares
from braintumor.vocabulary import Protocol, Split, Task

_AVERAGED: Final = {
    Task.FOUR_CLASS: "log-probabilities of the classes, each member's at its own temperature",
    Task.TUMOR: "log-odds of tumour, each member's at its own temperature",
}
_BATCH: Final = 32
_COMPARED: Final = 16


def build_ensemble(name: str, runs: Mapping[str, str], recipe: Recipe, protocol: Protocol, settings: Settings) -> None:
    """Write `model.onnx`, its gradient graph where one is known, and the draft of the card.

    Parameters
    ----------
    name : str
        Folder of the ensemble in `outputs/`.
    runs : mapping of str to str
        Folder of each member, and the command that trains it.

    Raises
    ------
    RecipeError
        A member is not there, or they cannot be averaged; the message says why and what to do.
    """
    artifacts = [_found(name, folder, command, settings) for folder, command in runs.items()]
    data, contract = recipe_data(recipe, protocol, settings), recipe.input.contract()
    for artifact, command in zip(artifacts, runs.values(), strict=True):
        if reason := _unlike(artifact, recipe, data, command):
            raise RecipeError(f"{name}: its member {artifact.card.version} {reason}")
    members = [Member(a.card.version, a.verified(MODEL), a.card.contract, a.card.map_extent) for a in artifacts]
    held = data.rows(Split.VALIDATION)
    logits = _answers(members, data.frames[held], contract)
    shares = choose_shares(logits, data.labels[held], recipe.task, weighted=recipe.weighted)
    content = merged(members, contract, shares.weights, shares.temperatures, recipe.task)
    networks = [artifact.path("model.keras") for artifact in artifacts]
    graph, agreement = merged_gradient(content, members, networks, shares, _looked_at(data, contract))
    forget_results(settings.outputs / name)
    _write(settings.outputs / name, content, graph)
    draft_card(
        name, recipe, protocol, data, settings, outlined=any("mask" in member.outputs for member in members),
        parameters=sum(int(a.card.raw.get("parameters") or 0) for a in artifacts),
        training={"seconds": round(sum(_seconds(a) for a in artifacts), 1), "of": "all members together"},
    )  # fmt: skip
    update_card(
        name, settings, saliency=agreement, map_extent=None, members=_entries(artifacts, shares),
        ensemble=_choice(recipe, shares, data),
    )  # fmt: skip


def check_ensemble(name: str, settings: Settings) -> str:
    """Say that there is nothing to export.

    Raises
    ------
    ArtifactError
        A member is another than when the ensemble was built, or there is no graph.
    """
    again = f"Build it again with: braintumor train {name}"
    if not (settings.outputs / name / MODEL).is_file():
        raise ArtifactError(f"{name}: there is no {MODEL}. {again}")
    for member in read_card(name, settings)["members"]:
        path = settings.outputs / member["version"] / MODEL
        if path.is_file() and sha256_of(path) != member["sha256"]:
            raise ArtifactError(f"{name}: {member['version']} is another model than when this was built. {again}")
    return f"{name}: {MODEL} is made of its members' and was written as it was built; there is nothing to export."


def _found(name: str, folder: str, command: str, settings: Settings) -> Artifact:
    if not (settings.outputs / folder / MODEL).is_file():
        raise RecipeError(f"{name} is made of {folder}, whose {MODEL} is not at hand. Train it first: {command}")
    artifact = load_artifact(folder, settings)
    artifact.verified(MODEL)
    return artifact


def _unlike(artifact: Artifact, recipe: Recipe, data: TrainingData, command: str) -> str:
    """Why a member cannot be averaged with the others, or not fairly; empty where it can."""
    own, wanted = artifact.card.contract, recipe.input.contract()
    if recipe.task is Task.FOUR_CLASS and artifact.card.task is not Task.FOUR_CLASS:
        return 'tells tumour from none and no kinds. Set task = "tumor" in the recipe, or leave it out.'
    if (own.crop_margin, own.fit) != (wanted.crop_margin, wanted.fit):
        return "crops or fits scans in another way, and all members are shown one frame. Leave it out."
    if own.fit == "letterbox" and own.height * wanted.width != own.width * wanted.height:
        return "wants frames of another shape, and all members are shown one frame. Leave it out."
    if artifact.card.raw["data"]["fingerprint"] != data.fingerprint():
        return (
            "learnt from other images or another split, so it may know what the ensemble is tested on. Train it anew: "
            f"{command} --restart"
        )
    return ""


def _answers(members: Sequence[Member], frames: NDArray[np.uint8], contract: InputContract) -> NDArray[np.float32]:
    """Logits of every member, shape (members, n, 4), shown frames as they are in the merged graph."""
    content = joined(members, contract).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name, wanted = session.get_inputs()[0].name, [member.name("logits") for member in members]
    parts = [
        session.run(wanted, {name: to_batch(frames[start : start + _BATCH], contract)})
        for start in range(0, len(frames), _BATCH)
    ]
    return np.stack([np.concatenate(of_one) for of_one in zip(*parts, strict=True)])


def _looked_at(data: TrainingData, contract: InputContract) -> NDArray[np.float32]:
    """Test scans that the gradient is compared on."""
    rows = data.rows(Split.TEST)
    return to_batch(data.frames[rows[np.linspace(0, len(rows) - 1, min(_COMPARED, len(rows))).astype(int)]], contract)


def _write(folder: Path, content: bytes, graph: bytes | None) -> None:
    write_atomically(folder / MODEL, content)
    if graph:
        write_atomically(folder / SALIENCY, graph)
    else:
        (folder / SALIENCY).unlink(missing_ok=True)  # that of an earlier one would be verified and wrong


def _seconds(artifact: Artifact) -> float:
    return float((artifact.card.raw.get("training") or {}).get("seconds") or 0)


def _entries(artifacts: Sequence[Artifact], shares: Shares) -> list[dict[str, Any]]:
    said = zip(artifacts, shares.weights, shares.temperatures, shares.alone, strict=True)
    return [
        {
            "version": a.card.version, "task": str(a.card.task), "weight": weight, "temperature": temperature,
            "validation_loss": round(loss, 5), "sha256": a.card.files[MODEL],
            "parameters": a.card.raw.get("parameters"), "created": a.card.raw.get("created"),
        }
        for a, weight, temperature, loss in said
    ]  # fmt: skip


def _choice(recipe: Recipe, shares: Shares, data: TrainingData) -> dict[str, Any]:
    rows, groups = data.rows(Split.VALIDATION), data.groups()[str(Split.VALIDATION)]
    return {
        "averaged": _AVERAGED[recipe.task],
        "weighted": recipe.weighted,
        "validation_loss": {way: round(loss, 5) for way, loss in shares.losses.items()},
        "chosen": f"On {len(rows)} validation images of {groups} groups, without a look at the test images.",
    }
