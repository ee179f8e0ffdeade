"""A row of the comparison: all that is known of one version, as plain data."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from braintumor.enums import Protocol, Split, Task
from braintumor.errors import DatasetError
from braintumor.evaluation.comparison.candidates import KAGGLE_SET_NAME, Candidate
from braintumor.evaluation.comparison.predictions import Predictions, TestScans, flag_training_near_duplicates
from braintumor.evaluation.comparison.scores import load_or_score_external, score_version
from braintumor.inference.registry import Artifact
from braintumor.inference.runs import Run
from braintumor.results.comparison import read_official_fingerprint
from braintumor.results.version import read_version_report
from braintumor.settings import Settings

_OFFICIAL_METRICS = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier")


def untrained_row(candidate: Candidate) -> dict[str, Any]:
    """What is known of a version before it is measured: all there is where it was not trained."""
    return {
        "version": candidate.version, "title": candidate.title, "task": str(candidate.task), "data": candidate.data,
        "weights": candidate.weights, "status": str(candidate.status), "command": candidate.command,
        "model": candidate.artifact.card.fingerprint if candidate.artifact else "",
    }  # fmt: skip


def evaluated_row(
    candidate: Candidate, artifact: Artifact, scans: TestScans, predictions: Predictions, work: Path, settings: Settings,
    replicates: int,
) -> dict[str, Any]:  # fmt: skip
    """Everything but the time a scan takes, which is measured for all together.

    `test` are entries of the scans all are asked about, `official` those of the version trained and tested on the
    official split, `outside` those of the outside check; each with value, low, high, n and groups.
    """
    card = artifact.card
    # The outside pictures are what it learnt from, where that is the yes/no set.
    learnt_outside = candidate.data != KAGGLE_SET_NAME
    return untrained_row(candidate) | {
        "test": score_version(predictions, scans, card.binary_threshold, replicates),
        "official": _read_official_metrics(candidate.version, settings),
        "official_model": read_official_fingerprint(candidate.version, settings),
        "outside": {}
        if learnt_outside
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
            if learnt_outside
            else {}
        ),
    }


def _read_official_metrics(version: str, settings: Settings) -> dict[str, Any]:
    """What the same recipe reaches on the official split; empty where that was not tried."""
    folder = settings.outputs / Run(version, Protocol.OFFICIAL).name
    try:
        report = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        found = report[str(Split.TEST)]
        return {metric: found[metric] for metric in _OFFICIAL_METRICS if metric in found}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_undertrained(version: str, settings: Settings) -> bool:
    """Whether its epochs ended while its validation loss still fell, though its rate was not led down to nothing."""
    report = read_version_report(version, settings)
    losses = list(report.history.get("val_loss", ()))
    led_down = report.recipe.get("fit", {}).get("schedule") == "one_cycle"
    return bool(losses) and not led_down and losses.index(min(losses)) == len(losses) - 1


def _candidate_notes(candidate: Candidate, artifact: Artifact) -> list[str]:
    notes = []
    if candidate.task is Task.BINARY:
        notes.append("Tells tumour from none and no kinds: its accuracy is of two answers, not of four.")
    if artifact.card.tta_views > 1:
        notes.append(f"An answer is the mean of {artifact.card.tta_views} views of a scan.")
    if candidate.data != KAGGLE_SET_NAME:
        notes.append("Learnt from the yes/no set: these scans are of another collection, the outside pictures are not.")
    return notes


def _score_without_near_duplicates(
    artifact: Artifact, scans: TestScans, predictions: Predictions, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Of a version of the yes/no set: how many scans are near copies of what it learnt from, and scores on the others.

    Empty where the set is not at hand.
    """
    try:
        copies = flag_training_near_duplicates(scans, Protocol(artifact.card.protocol), work, settings)
    except (DatasetError, ValueError):
        return {}
    others = np.flatnonzero(~copies)
    found = score_version(predictions.select(others), scans.select(others), artifact.card.binary_threshold, replicates)
    return {"copies": int(copies.sum()), "test_without_copies": found}
