"""A row of the comparison: all that is known of one version, as plain data."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from braintumor.errors import DatasetError
from braintumor.evaluation.compare_answers import Answers, Scans
from braintumor.evaluation.compare_copies import near_copies
from braintumor.evaluation.compare_field import KAGGLE, Entrant
from braintumor.evaluation.compare_file import official_model
from braintumor.evaluation.compare_outside import score_outside
from braintumor.evaluation.compare_scores import score_version
from braintumor.evaluation.report import read_report
from braintumor.evaluation.study_file import identity
from braintumor.inference.artifact import Artifact
from braintumor.runs import under
from braintumor.settings import Settings
from braintumor.vocabulary import Protocol, Split, Task

_OFFICIAL = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier")


def bare_row(entrant: Entrant) -> dict[str, Any]:
    """What is known of a version before it is measured: all there is where it was not trained."""
    return {
        "version": entrant.version, "title": entrant.title, "task": str(entrant.task), "data": entrant.data,
        "weights": entrant.weights, "status": str(entrant.status), "command": entrant.command,
        "model": identity(entrant.artifact.card.raw) if entrant.artifact else "",
    }  # fmt: skip


def measured_row(
    entrant: Entrant, artifact: Artifact, scans: Scans, answers: Answers, work: Path, settings: Settings,
    replicates: int,
) -> dict[str, Any]:  # fmt: skip
    """Everything but the time a scan takes, which is measured for all together.

    `test` are entries of the scans all are asked about, `official` those of the version trained and tested on the
    official split, `outside` those of the outside check; each with value, low, high, n and groups.
    """
    card = artifact.card.raw
    training = card.get("training") or {}
    # The outside pictures are what it learnt from, where that is the yes/no set.
    learnt_outside = entrant.data != KAGGLE
    return bare_row(entrant) | {
        "test": score_version(answers, scans, artifact.card.decision, replicates),
        "official": _official(entrant.version, settings),
        "official_model": official_model(entrant.version, settings),
        "outside": {} if learnt_outside else score_outside(artifact, scans, answers, work, settings, replicates),
        "parameters": card.get("parameters"),
        "bytes": sum(path.stat().st_size for path in artifact.model_paths()),
        "views": artifact.card.views,
        "training": {
            "seconds": training.get("seconds"),
            "epochs": training.get("epochs_run"),
            "unfinished": _unfinished(entrant.version, settings),
        },
        "notes": _notes(entrant, artifact),
        **(_unlearnt(artifact, scans, answers, work, settings, replicates) if learnt_outside else {}),
    }


def _official(version: str, settings: Settings) -> dict[str, Any]:
    """What the same recipe reaches on the official split; empty where that was not tried."""
    folder = settings.outputs / under(version, Protocol.OFFICIAL)
    try:
        report = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        found = report[str(Split.TEST)]
        return {metric: found[metric] for metric in _OFFICIAL if metric in found}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _unfinished(version: str, settings: Settings) -> bool:
    """Whether its epochs ended while its validation loss still fell, though its rate was not led down to nothing."""
    report = read_report(version, settings)
    losses = list(report.history.get("val_loss", ()))
    led_down = report.fact("recipe", "fit", "schedule") == "one_cycle"
    return bool(losses) and not led_down and losses.index(min(losses)) == len(losses) - 1


def _notes(entrant: Entrant, artifact: Artifact) -> list[str]:
    notes = []
    if entrant.task is Task.TUMOR:
        notes.append("Tells tumour from none and no kinds: its accuracy is of two answers, not of four.")
    if artifact.card.views > 1:
        notes.append(f"An answer is the mean of {artifact.card.views} views of a scan.")
    if entrant.data != KAGGLE:
        notes.append("Learnt from the yes/no set: these scans are of another collection, the outside pictures are not.")
    return notes


def _unlearnt(
    artifact: Artifact, scans: Scans, answers: Answers, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Of a version of the yes/no set: how many scans are near copies of what it learnt from, and scores on the others.

    Empty where the set is not at hand.
    """
    try:
        copies = near_copies(scans, Protocol(str(artifact.card.raw.get("protocol"))), work, settings)
    except (DatasetError, ValueError):
        return {}
    others = np.flatnonzero(~copies)
    found = score_version(answers.at(others), scans.at(others), artifact.card.decision, replicates)
    return {"copies": int(copies.sum()), "test_without_copies": found}
