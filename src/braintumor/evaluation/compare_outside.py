"""The outside check of every version: as its study measured it, else measured on the same pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from braintumor.evaluation.compare_answers import Answers, Scans, ask
from braintumor.evaluation.outside import compare
from braintumor.evaluation.outside_set import FOLDER, at_hand, new_tumors, outside_facts
from braintumor.evaluation.study_file import outside_split
from braintumor.inference.artifact import Artifact
from braintumor.settings import Settings
from braintumor.training.data import split_manifest
from braintumor.vocabulary import Protocol

SHOWN = ("roc_auc", "called", "called_or_uncertain", "refused", "false_alarms")


def score_outside(
    artifact: Artifact, scans: Scans, answers: Answers, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Entries of the split `outside`; empty where the pictures are not at hand and the study did not measure them.

    Parameters
    ----------
    answers : Answers
        To the test scans, of which the healthy ones stand against the outside tumours.
    work : Path
        Where answers are kept.
    """
    if known := outside_split(artifact):
        return {name: known[name] for name in SHOWN if name in known}
    if not at_hand(settings):
        return {}
    chosen = new_tumors(outside_facts(split_manifest(Protocol.GROUP, settings), settings))
    found = ask(artifact, [settings.inputs / FOLDER / path for path in chosen["path"]], "outside", work, settings)
    healthy = np.flatnonzero(~scans.ill)
    truth = np.arange(len(chosen) + len(healthy)) < len(chosen)
    metrics = compare(
        truth,
        scores={"": np.concatenate([found.tumor, answers.tumor[healthy]])},
        verdicts=np.concatenate([found.verdicts, answers.verdicts[healthy]]),
        groups=np.concatenate([chosen["group"].to_numpy(object), scans.groups[healthy]]),
        replicates=replicates,
    ).metrics
    return {name: metrics[name] for name in SHOWN if name in metrics}
