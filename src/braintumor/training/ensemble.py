"""Ensembles of trained models: member weights are fitted on validation images and written into a model card."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Protocol, Split, Task
from braintumor.errors import ArtifactError, RecipeError
from braintumor.fileio import sha256_file
from braintumor.imaging import InputSpec, to_batch
from braintumor.inference.ensemble import resize_input
from braintumor.inference.model_card import CARD_FILE, MODEL_FILE, SALIENCY_FILE, read_card, update_card
from braintumor.inference.onnx_model import OnnxModel
from braintumor.inference.registry import Artifact, load_artifact
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.card_draft import remove_stale_results, write_initial_card
from braintumor.training.ensemble_weights import MemberWeights, fit_member_weights
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.load import load_data

_AVERAGED_QUANTITY: Final = {
    Task.FOUR_CLASS: "log-probabilities of the classes, with one temperature per member",
    Task.BINARY: "log-odds of tumour, with one temperature per member",
}
_BATCH_SIZE: Final = 32


def build_ensemble(
    name: str, commands: Mapping[str, str], recipe: Recipe, protocol: Protocol, settings: Settings
) -> None:
    """Fit a weight and a temperature for each member and write the draft of the ensemble's card.

    No model file is written: an ensemble runs the models of its members (`braintumor.inference.ensemble`).

    Parameters
    ----------
    name : str
        Folder of the ensemble in `outputs/`.
    commands : mapping of str to str
        The command that trains each member, by the member's folder.

    Raises
    ------
    RecipeError
        A member is missing, or the members cannot be averaged; the message says what to do.
    """
    artifacts = [_load_member(name, folder, command, settings) for folder, command in commands.items()]
    data, input_spec = load_data(recipe, protocol, settings), recipe.input.to_input_spec()
    for artifact, command in zip(artifacts, commands.values(), strict=True):
        if reason := _find_incompatibility(artifact, recipe, data, command):
            raise RecipeError(f"{name}: its member {artifact.card.version} {reason}")
    models = [OnnxModel.load(artifact, settings.threads) for artifact in artifacts]
    rows = data.split_rows(Split.VALIDATION)
    logits = np.stack([_predict_logits(model, data.model_inputs[rows], input_spec) for model in models])
    member_weights = fit_member_weights(logits, data.labels[rows], recipe.task, weighted=recipe.weight_members)
    remove_stale_results(settings.outputs / name, MODEL_FILE, SALIENCY_FILE)  # early versions wrote both
    seconds = sum(artifact.card.training.seconds or 0.0 for artifact in artifacts)
    write_initial_card(
        name,
        recipe,
        protocol,
        data,
        settings,
        has_mask=any("mask" in model.outputs for model in models),
        parameters=sum(artifact.card.parameters or 0 for artifact in artifacts),
        training={"seconds": round(seconds, 1), "of": "all members"},
    )
    update_card(
        name,
        settings,
        saliency=None,
        map_extent=None,
        members=_member_entries(artifacts, member_weights),
        ensemble=_weighting_entry(recipe, member_weights, data),
    )


def check_ensemble(name: str, settings: Settings) -> str:
    """Check that the members are the models the ensemble was built from; there is nothing to export.

    Raises
    ------
    ArtifactError
        A member's model is missing or differs from the one the ensemble was built from.
    """
    members = read_card(name, settings).members
    for member in members:
        path = settings.outputs / member.version / MODEL_FILE
        if not path.is_file():
            raise ArtifactError(
                f"{name}: {member.version}/{MODEL_FILE} is missing. Write it with: braintumor export {member.version}"
            )
        if sha256_file(path) != member.sha256:
            raise ArtifactError(
                f"{name}: {member.version} is not the model that this ensemble was built from. "
                f"Build it again with: braintumor train {name}"
            )
    names = ", ".join(member.version for member in members)
    return f"{name}: there is nothing to export, because an ensemble runs the models of its members ({names})."


def _load_member(name: str, folder: str, command: str, settings: Settings) -> Artifact:
    if (settings.outputs / folder / CARD_FILE).is_file() and load_artifact(folder, settings).card.members:
        raise RecipeError(f"{name}: its member {folder} is itself an ensemble. Name the members of {folder} instead.")
    if not (settings.outputs / folder / MODEL_FILE).is_file():
        raise RecipeError(f"{name}: {MODEL_FILE} of its member {folder} is missing. Train it first: {command}")
    return load_artifact(folder, settings)


def _find_incompatibility(artifact: Artifact, recipe: Recipe, data: TrainingData, command: str) -> str:
    """Explain why a model cannot be a fair member of the ensemble; empty if it can."""
    member, ensemble = artifact.card.input_spec, recipe.input.to_input_spec()
    if recipe.task is Task.FOUR_CLASS and artifact.card.task is not Task.FOUR_CLASS:
        return 'does not predict the tumour type. Set task = "tumor" in the recipe, or remove the member.'
    if (member.crop_margin, member.fit) != (ensemble.crop_margin, ensemble.fit):
        return "crops or fits scans differently, but all members get the same image. Remove it."
    if member.fit == "letterbox" and member.height * ensemble.width != member.width * ensemble.height:
        return "needs images of another aspect ratio, but all members get the same image. Remove it."
    if artifact.card.data.fingerprint != data.fingerprint():
        return (
            "was trained on other images or another split, possibly on test images of the ensemble. Train it again: "
            f"{command} --restart"
        )
    return ""


def _predict_logits(model: OnnxModel, model_inputs: NDArray[np.uint8], input_spec: InputSpec) -> NDArray[np.float32]:
    """Return the logits (n, 4) of a member for inputs of the ensemble, resized as in serving."""
    chunks = (model_inputs[start : start + _BATCH_SIZE] for start in range(0, len(model_inputs), _BATCH_SIZE))
    batches = (resize_input(to_batch(chunk, input_spec), model.card.input_spec) for chunk in chunks)
    return np.concatenate([model.run(batch).logits for batch in batches])


def _member_entries(artifacts: Sequence[Artifact], member_weights: MemberWeights) -> list[dict[str, Any]]:
    columns = (member_weights.weights, member_weights.temperatures, member_weights.member_losses)
    return [
        {
            "version": artifact.card.version,
            "task": str(artifact.card.task),
            "weight": weight,
            "temperature": temperature,
            "validation_loss": round(loss, 5),
            "sha256": artifact.card.files[MODEL_FILE],
            "parameters": artifact.card.parameters,
            "created": artifact.card.created,
        }
        for artifact, weight, temperature, loss in zip(artifacts, *columns, strict=True)
    ]


def _weighting_entry(recipe: Recipe, member_weights: MemberWeights, data: TrainingData) -> dict[str, Any]:
    rows, groups = data.split_rows(Split.VALIDATION), data.count_groups()[str(Split.VALIDATION)]
    return {
        "averaged": _AVERAGED_QUANTITY[recipe.task],
        "weighted": recipe.weight_members,
        "validation_loss": {method: round(loss, 5) for method, loss in member_weights.losses.items()},
        "chosen": f"On {len(rows)} validation images of {groups} groups; the test split was not used.",
    }
