"""Build an ensemble: choose the weights of trained versions on validation images and write its card."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Protocol, Split, Task
from braintumor.errors import ArtifactError, RecipeError
from braintumor.fileio import sha256_file
from braintumor.imaging import InputSpec, to_batch
from braintumor.inference.ensemble import resize_input
from braintumor.inference.onnx_model import OnnxModel
from braintumor.inference.registry import CARD_FILE, MODEL_FILE, SALIENCY_FILE, Artifact, load_artifact
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.card_draft import read_card, remove_stale_results, update_card, write_initial_card
from braintumor.training.data import TrainingData, load_data
from braintumor.training.ensemble_weights import MemberWeights, fit_member_weights

_AVERAGED_QUANTITY: Final = {
    Task.FOUR_CLASS: "log-probabilities of the classes, each member's at its own temperature",
    Task.BINARY: "log-odds of tumour, each member's at its own temperature",
}
_BATCH_SIZE: Final = 32


def build_ensemble(name: str, runs: Mapping[str, str], recipe: Recipe, protocol: Protocol, settings: Settings) -> None:
    """Choose a weight and a temperature for each member and write the draft of the ensemble's card.

    No model file is written: an ensemble is served by running its members (`braintumor.inference.ensemble`).

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
    artifacts = [_load_member(name, folder, command, settings) for folder, command in runs.items()]
    data, contract = load_data(recipe, protocol, settings), recipe.input.to_input_spec()
    for artifact, command in zip(artifacts, runs.values(), strict=True):
        if reason := _incompatibility(artifact, recipe, data, command):
            raise RecipeError(f"{name}: its member {artifact.card.version} {reason}")
    models = [OnnxModel.load(artifact, settings.threads) for artifact in artifacts]
    rows = data.split_rows(Split.VALIDATION)
    logits = np.stack([_logits(model, data.model_inputs[rows], contract) for model in models])
    shares = fit_member_weights(logits, data.labels[rows], recipe.task, weighted=recipe.weighted)
    remove_stale_results(settings.outputs / name, MODEL_FILE, SALIENCY_FILE)  # an earlier version wrote both
    write_initial_card(
        name, recipe, protocol, data, settings, has_mask=any("mask" in model.outputs for model in models),
        parameters=sum(int(a.card.raw.get("parameters") or 0) for a in artifacts),
        training={"seconds": round(sum(_training_seconds(a) for a in artifacts), 1), "of": "all members together"},
    )  # fmt: skip
    update_card(
        name, settings, saliency=None, map_extent=None, members=_member_entries(artifacts, shares),
        ensemble=_weighting_entry(recipe, shares, data),
    )  # fmt: skip


def check_ensemble(name: str, settings: Settings) -> str:
    """Check that the members are those the ensemble was built from; there is nothing to export.

    Raises
    ------
    ArtifactError
        A member's model is missing, or is another one than when the ensemble was built.
    """
    members = read_card(name, settings)["members"]
    for member in members:
        version, path = member["version"], settings.outputs / member["version"] / MODEL_FILE
        if not path.is_file():
            raise ArtifactError(
                f"{name}: {version}/{MODEL_FILE} is missing. Write it with: braintumor export {version}"
            )
        if sha256_file(path) != member["sha256"]:
            raise ArtifactError(
                f"{name}: {version} is not the model that this ensemble was built from. "
                f"Build it again with: braintumor train {name}"
            )
    names = ", ".join(member["version"] for member in members)
    return f"{name}: there is nothing to export, because an ensemble runs the models of its members ({names})."


def _load_member(name: str, folder: str, command: str, settings: Settings) -> Artifact:
    if (settings.outputs / folder / CARD_FILE).is_file() and load_artifact(folder, settings).card.members:
        raise RecipeError(f"{name}: its member {folder} is itself an ensemble. Name the members of {folder} instead.")
    if not (settings.outputs / folder / MODEL_FILE).is_file():
        raise RecipeError(f"{name} is made of {folder}, whose {MODEL_FILE} is missing. Train it first: {command}")
    return load_artifact(folder, settings)


def _incompatibility(artifact: Artifact, recipe: Recipe, data: TrainingData, command: str) -> str:
    """Why a member cannot be averaged with the others, or not fairly; empty where it can."""
    own, wanted = artifact.card.input_spec, recipe.input.to_input_spec()
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


def _logits(model: OnnxModel, frames: NDArray[np.uint8], contract: InputSpec) -> NDArray[np.float32]:
    """Logits (n, 4) of a member for frames of the ensemble, resized as when it is served."""
    batches = (to_batch(frames[start : start + _BATCH_SIZE], contract) for start in range(0, len(frames), _BATCH_SIZE))
    return np.concatenate([model.run(resize_input(batch, model.card.input_spec)).logits for batch in batches])


def _training_seconds(artifact: Artifact) -> float:
    return float((artifact.card.raw.get("training") or {}).get("seconds") or 0)


def _member_entries(artifacts: Sequence[Artifact], member_weights: MemberWeights) -> list[dict[str, Any]]:
    said = zip(
        artifacts, member_weights.weights, member_weights.temperatures, member_weights.member_losses, strict=True
    )
    return [
        {
            "version": a.card.version, "task": str(a.card.task), "weight": weight, "temperature": temperature,
            "validation_loss": round(loss, 5), "sha256": a.card.files[MODEL_FILE],
            "parameters": a.card.raw.get("parameters"), "created": a.card.raw.get("created"),
        }
        for a, weight, temperature, loss in said
    ]  # fmt: skip


def _weighting_entry(recipe: Recipe, member_weights: MemberWeights, data: TrainingData) -> dict[str, Any]:
    rows, groups = data.split_rows(Split.VALIDATION), data.count_groups()[str(Split.VALIDATION)]
    return {
        "averaged": _AVERAGED_QUANTITY[recipe.task],
        "weighted": recipe.weighted,
        "validation_loss": {way: round(loss, 5) for way, loss in member_weights.losses.items()},
        "chosen": f"On {len(rows)} validation images of {groups} groups, without a look at the test images.",
    }
