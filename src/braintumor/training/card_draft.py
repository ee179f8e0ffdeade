"""First version of a model card, written by training; export and evaluation add their results later."""

import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import keras
import pandas as pd

from braintumor import __version__
from braintumor.enums import CLASS_NAMES, RESEARCH_USE, Protocol, Split, Task
from braintumor.inference.model_card import (
    EVALUATION_FILE,
    INT8_FILE,
    LEAVE_ONE_SOURCE_OUT_FILE,
    LITERT_FILE,
    OOD_REFERENCE_FILE,
    OUT_OF_FOLD_FILE,
    SIMILAR_SCANS_FILE,
    TURN_FILE,
    ModelCard,
    write_card,
)
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from braintumor.training.schedule import selected_epoch

_LIBRARIES: Final = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "numpy", "pillow")
# Files made from a trained model, which are outdated once it is trained again.
_RESULT_FILES: Final = (
    LITERT_FILE,
    INT8_FILE,
    SIMILAR_SCANS_FILE,
    TURN_FILE,
    EVALUATION_FILE,
    "curves.json",
    "predictions.csv",
    OOD_REFERENCE_FILE,
    OUT_OF_FOLD_FILE,
    LEAVE_ONE_SOURCE_OUT_FILE,
)
_LIMITS: Final = (
    "Trained on one public collection of single slices without clinical data. Performance on other scanners, children, "
    "post-operative scans and other diseases is unknown.",
    "In this collection all slices without a tumour come from one source and nearly all tumours from another. Part of "
    "the measured accuracy may come from recognizing the source instead of the disease.",
)
_LIMITS_OF_ALL_SETS: Final = (
    "Trained on public collections of slices without clinical data. On scanners it has not learned from it finds fewer "
    "tumours, and on treated patients it raises more false alarms; see the results on other sources. Children and most "
    "other diseases are untested.",
    "Most of its sources show only tumours or only tumour-free slices. Part of the measured accuracy may come from "
    "recognizing the source instead of the disease.",
)
_LIMITS_OF_BINARY_SET: Final = (
    "Trained on only 253 images from the web with unknown sequences, scanners and patients. This is far too few for "
    "reliable results.",
    "Many of its images without a tumour are copies of scans from the larger image set, including some of that set's "
    "test scans. Results on those scans may be memorized.",
)
_LIMITS_OF_CLASSIFIER: Final = (
    "It does not detect images that are not brain MRI: every image gets a prediction.",
    "The heat map shows at a coarse resolution which regions support the prediction. It is not an outline of the "
    "tumour.",
)
_LIMIT_OF_BINARY_MODEL: Final = "It predicts tumour or no tumour, but not the tumour type."
_LIMITS_OF_MULTITASK: Final = (
    "To reduce this shortcut, the network was trained with copy-paste augmentation: tumours pasted into slices without "
    "one, and tumours replaced by normal tissue. The remaining effect is measured, but not eliminated.",
    "The tumour outline is an estimate learned from outlines of bright tumours on one type of sequence. It does not "
    "include oedema or infiltration.",
    "Other lesions (strokes, haemorrhages, inflammation) are rare in the training data, and some are among the slices "
    'labelled "no tumour".',
)


def remove_stale_results(folder: Path, *files: str) -> None:
    """Remove results of an earlier model and further files.

    `stress_test.json` stays: it names the model it belongs to.
    """
    for name in (*_RESULT_FILES, *files):
        (folder / name).unlink(missing_ok=True)


def write_card_draft(
    name: str,
    recipe: Recipe,
    protocol: Protocol,
    data: TrainingData,
    history: pd.DataFrame,
    model: keras.Model,
    settings: Settings,
) -> None:
    """Write the card of a trained model: input, data, recipe, training and libraries."""
    seconds = float(history["seconds"].sum())
    sample_count = len(data.split_rows(Split.TRAIN)) * recipe.fit.repeats_per_epoch * len(history)
    training = {
        "seconds": round(seconds, 1),
        "epochs_run": len(history),
        "best_epoch": selected_epoch(history["val_loss"].tolist(), recipe.fit),
        "images_per_second": round(sample_count / seconds, 1),
    }
    has_mask, parameters = recipe.mask is not None, int(model.count_params())
    write_initial_card(
        name, recipe, protocol, data, settings, has_mask=has_mask, parameters=parameters, training=training
    )


def write_initial_card(
    name: str,
    recipe: Recipe,
    protocol: Protocol,
    data: TrainingData,
    settings: Settings,
    *,
    has_mask: bool,
    parameters: int,
    training: dict[str, Any],
) -> None:
    """Write the card of a model that is not evaluated yet.

    Parameters
    ----------
    name : str
        Folder of the run in `outputs/`.
    has_mask : bool
        Whether the model predicts a tumour mask.
    training : dict
        Duration of the training and related numbers.
    """
    card: dict[str, Any] = {
        "version": name,
        "title": recipe.title,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": recipe.task,
        "architecture": recipe.architecture,
        "parameters": parameters,
        "input": recipe.input.to_input_spec().to_dict(),
        "classes": list(CLASS_NAMES),
        # Neutral values until evaluation fits them on the validation split.
        "temperature": 1.0,
        "thresholds": {"rule_out": 0.5, "rule_in": 0.5, "chosen": "not yet: run braintumor evaluate"},
        "conformal": {"level": None, "quantile": 1.0},
        "ood": None,
        "intended_use": _intended_use(recipe),
        "limits": [*_list_limits(recipe, has_mask), RESEARCH_USE],
        "protocol": str(protocol),
        "data": _summarize_data(data),
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "training": training,
        "libraries": {"braintumor": __version__, "python": platform.python_version(), **_library_versions()},
        "git_commit": _git_commit(settings.recipes.parent),
        "files": {},
    }
    write_card(settings.outputs / name, ModelCard.model_validate(card))


def _intended_use(recipe: Recipe) -> str:
    scans = "brain MRI: slices, series and volumes" if recipe.data == "all" else "single brain MRI slices"
    use = f"Second reading of {scans}, for research and teaching: whether a tumour is suspected"
    if recipe.task is Task.BINARY:
        return f"{use}."
    return f"{use}, and whether it resembles the gliomas, meningiomas or pituitary tumours of the training set."


def _summarize_data(data: TrainingData) -> dict[str, Any]:
    summary = {"fingerprint": data.fingerprint(), "counts": data.count_images(), "groups": data.count_groups()}
    licences = data.list_licences()
    return summary | ({"licences": licences} if licences else {})


def _list_limits(recipe: Recipe, has_mask: bool) -> Iterator[str]:
    yield from {"yes-no": _LIMITS_OF_BINARY_SET, "all": _LIMITS_OF_ALL_SETS}.get(recipe.data, _LIMITS)
    if recipe.task is Task.BINARY:
        yield _LIMIT_OF_BINARY_MODEL
    yield from _LIMITS_OF_MULTITASK if has_mask else _LIMITS_OF_CLASSIFIER


def _library_versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _git_commit(folder: Path) -> str:
    """Return the commit of the code, with `+` if files differ from it; empty outside a repository."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", "src", "recipes") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
