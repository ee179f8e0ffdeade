"""The card: what a stranger needs to use a model right. Training drafts it; export and evaluation add to it."""

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
from braintumor.inference.artifact_files import (
    EVALUATION_FILE,
    INT8_FILE,
    LITERT_FILE,
    OOD_REFERENCE_FILE,
    SIMILAR_SCANS_FILE,
)
from braintumor.inference.model_card import ModelCard, write_card
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.data import TrainingData
from braintumor.training.schedule import selected_epoch

_LIBRARIES: Final = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "numpy", "pillow")
# Made from the network after it is trained.
_RESULT_FILES: Final = (
    LITERT_FILE,
    INT8_FILE,
    SIMILAR_SCANS_FILE,
    EVALUATION_FILE,
    "curves.json",
    "predictions.csv",
    OOD_REFERENCE_FILE,
)
_INTENDED_USE_PREFIX: Final = (
    "A second look at single brain MRI slices, for research and teaching: is a tumour suspected"
)
_INTENDED_USE: Final = {
    Task.FOUR_CLASS: f"{_INTENDED_USE_PREFIX}, and is it like the gliomas, meningiomas or pituitary tumours of the training set.",
    Task.BINARY: f"{_INTENDED_USE_PREFIX}.",
}
_LIMITS: Final = (
    "Trained on one public collection of single slices without clinical data; nothing is known of other scanners, "
    "children, post-operative scans or other diseases.",
    "In that collection every slice without a tumour comes from one source and nearly every tumour from another, so "
    "part of the measured accuracy may come from recognising the source, not the disease.",
)
_LIMITS_OF_BINARY_SET: Final = (
    "Trained on 253 pictures found on the web, of unknown sequences, scanners and patients: far too few to trust.",
    "Many of its pictures without a tumour are copies of healthy scans of the larger set, some of its test scans among "
    "them, so that what it says of those may be remembered.",
)
_LIMITS_OF_CLASSIFIER: Final = (
    "It does not tell brain MRI from other pictures: any image gets one of its answers.",
    "The heat map shows what spoke for the answer at a coarse resolution; it is not an outline of a tumour.",
)
_LIMIT_OF_BINARY_MODEL: Final = "It tells tumour from none, and no kind of tumour from another."
_LIMITS_OF_MULTITASK: Final = (
    "Against that it was shown tumours planted into healthy slices and healthy tissue in place of tumours; what is "
    "left of the shortcut is measured, not gone.",
    "The outline is the model's own estimate, learnt from outlines of bright tumours on one kind of sequence; oedema "
    "and infiltration are not in it.",
    "Lesions other than these three tumours (strokes, bleeds, inflammation) were hardly seen in training: some stand "
    "among its healthy slices.",
)


def remove_stale_results(folder: Path, *files: str) -> None:
    """Remove what was made of an earlier network, and further files; `study.json` itself says which one it is of."""
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
    """Write what is known after the fit: input, data, recipe, training and libraries."""
    seconds = float(history["seconds"].sum())
    shown = len(data.split_rows(Split.TRAIN)) * recipe.fit.repeats_per_epoch * len(history)
    training = {
        "seconds": round(seconds, 1),
        "epochs_run": len(history),
        "best_epoch": selected_epoch(history["val_loss"].tolist(), recipe.fit),
        "images_per_second": round(shown / seconds, 1),
    }
    outlined, parameters = recipe.mask is not None, int(model.count_params())
    write_initial_card(
        name, recipe, protocol, data, settings, has_mask=outlined, parameters=parameters, training=training
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
    """Write the card of a version that nobody has measured yet; `outlined` says whether it gives a mask."""
    card: dict[str, Any] = {
        "version": name,
        "title": recipe.title,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": recipe.task,
        "architecture": recipe.architecture,
        "parameters": parameters,
        "input": recipe.input.to_input_spec().to_dict(),
        "classes": list(CLASS_NAMES),
        # Neutral until evaluation has chosen better on the validation split.
        "temperature": 1.0,
        "thresholds": {"low": 0.5, "high": 0.5, "chosen": "not yet: run braintumor evaluate"},
        "conformal": {"level": None, "quantile": 1.0},
        "novelty": None,
        "intended_use": _INTENDED_USE[recipe.task],
        "limits": [*_list_limits(recipe, has_mask), RESEARCH_USE],
        "protocol": str(protocol),
        "data": {"fingerprint": data.fingerprint(), "counts": data.count_images(), "groups": data.count_groups()},
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "training": training,
        "libraries": {"braintumor": __version__, "python": platform.python_version(), **_library_versions()},
        "git_commit": _git_commit(settings.recipes.parent),
        "files": {},
    }
    write_card(settings.outputs / name, ModelCard.model_validate(card))


def _list_limits(recipe: Recipe, has_mask: bool) -> Iterator[str]:
    yield from _LIMITS_OF_BINARY_SET if recipe.data == "yes-no" else _LIMITS
    if recipe.task is Task.BINARY:
        yield _LIMIT_OF_BINARY_MODEL
    yield from _LIMITS_OF_MULTITASK if has_mask else _LIMITS_OF_CLASSIFIER


def _library_versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git_commit(folder: Path) -> str:
    """Commit of the code that trained, with `+` where files differ from it; empty outside a repository."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", "src", "recipes") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
