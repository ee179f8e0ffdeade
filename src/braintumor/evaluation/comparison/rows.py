"""Rows of a comparison: everything known about one model, as plain data."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from braintumor.enums import EXTERNAL_SPLIT, Protocol, Split, Task
from braintumor.errors import DatasetError
from braintumor.evaluation.comparison.candidates import BINARY_SET_NAME, Candidate
from braintumor.evaluation.comparison.predictions import Predictions
from braintumor.evaluation.comparison.scans import CommonScans, flag_training_near_duplicates
from braintumor.evaluation.comparison.scores import load_or_score_external, score_version
from braintumor.inference.registry import Artifact
from braintumor.inference.runs import Run
from braintumor.results.comparison import read_official_fingerprint
from braintumor.results.version import read_version_report
from braintumor.settings import Settings

_OFFICIAL_METRICS = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier")


def untrained_row(candidate: Candidate) -> dict[str, Any]:
    """Describe a model before it is evaluated."""
    return {
        "version": candidate.version, "title": candidate.title, "task": str(candidate.task), "data": candidate.data,
        "weights": candidate.weights, "status": str(candidate.status), "command": candidate.command,
        "model": candidate.artifact.card.fingerprint if candidate.artifact else "",
    }  # fmt: skip


def evaluated_row(
    candidate: Candidate,
    artifact: Artifact,
    scans: CommonScans,
    predictions: Predictions,
    work: Path,
    settings: Settings,
    replicates: int,
) -> dict[str, Any]:
    """Describe an evaluated model, except for its latency, which is measured for all models together.

    `test` has metrics on the common scans, `official` those of the same recipe trained and tested on the official
    split, `external` those of the external set; each with value, low, high, n and groups.
    """
    card = artifact.card
    # The binary set is the external set of all other models.
    is_trained_on_external = candidate.data == BINARY_SET_NAME
    return untrained_row(candidate) | {
        "test": score_version(predictions, scans, card.binary_threshold, replicates),
        "official": _read_official_metrics(candidate.version, settings),
        "official_model": read_official_fingerprint(candidate.version, settings),
        EXTERNAL_SPLIT: {}
        if is_trained_on_external
        else load_or_score_external(artifact, scans, predictions, work, settings, replicates),
        "parameters": card.parameters,
        "bytes": sum(path.stat().st_size for path in artifact.model_paths()),
        "views": card.tta_views,
        "training": {
            "seconds": card.training.seconds,
            "epochs": card.training.epochs_run,
            "unfinished": _is_undertrained(candidate.version, settings),
        },
        "notes": _candidate_notes(candidate, artifact),
        **(
            _score_without_near_duplicates(artifact, scans, predictions, work, settings, replicates)
            if is_trained_on_external
            else {}
        ),
    }


def _read_official_metrics(version: str, settings: Settings) -> dict[str, Any]:
    """Read the metrics of the same recipe on the official split; empty if it was not trained."""
    folder = settings.outputs / Run(version, Protocol.OFFICIAL).name
    try:
        report = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        metrics = report[str(Split.TEST)]
        return {metric: metrics[metric] for metric in _OFFICIAL_METRICS if metric in metrics}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_undertrained(version: str, settings: Settings) -> bool:
    """Check whether the validation loss was still falling at the last epoch of a non-annealed schedule."""
    report = read_version_report(version, settings)
    losses = list(report.history.get("val_loss", ()))
    is_annealed = report.recipe.get("fit", {}).get("schedule") == "one_cycle"
    return bool(losses) and not is_annealed and losses.index(min(losses)) == len(losses) - 1


def _candidate_notes(candidate: Candidate, artifact: Artifact) -> list[str]:
    notes = []
    if candidate.task is Task.BINARY:
        notes.append("Does not predict the tumour type: its accuracy is of two classes, not of four.")
    if artifact.card.tta_views > 1:
        notes.append(f"Predictions are averaged over {artifact.card.tta_views} views of a scan.")
    if candidate.data == BINARY_SET_NAME:
        notes.append("Trained on the binary set: for this model, the test scans are the external data.")
    return notes


def _score_without_near_duplicates(
    artifact: Artifact, scans: CommonScans, predictions: Predictions, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Score a model of the binary set on scans that are no near-duplicates of its training images."""
    try:
        is_duplicate = flag_training_near_duplicates(scans, Protocol(artifact.card.protocol), work, settings)
    except (DatasetError, ValueError):
        return {}
    others = np.flatnonzero(~is_duplicate)
    metrics = score_version(
        predictions.select(others), scans.select(others), artifact.card.binary_threshold, replicates
    )
    return {"copies": int(is_duplicate.sum()), "test_without_copies": metrics}
