"""The outside check of every version: as its study measured it, else measured on the same pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from braintumor.evaluation.compare_answers import Predictions, TestScans, predict_cached
from braintumor.evaluation.outside import score_external
from braintumor.evaluation.outside_set import (
    EXTERNAL_FOLDER,
    has_external_set,
    index_external_images,
    select_new_tumors,
)
from braintumor.evaluation.study_file import read_external_split
from braintumor.inference.artifact import Artifact
from braintumor.settings import Settings
from braintumor.training.data import manifest_with_split
from braintumor.vocabulary import Protocol

EXTERNAL_METRICS = ("roc_auc", "called", "called_or_uncertain", "refused", "false_alarms")


def load_or_score_external(
    artifact: Artifact, scans: TestScans, predictions: Predictions, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Entries of the split `outside`; empty where the pictures are not at hand and the study did not measure them.

    Parameters
    ----------
    answers : Answers
        To the test scans, of which the healthy ones stand against the outside tumours.
    work : Path
        Where answers are kept.
    """
    if known := read_external_split(artifact):
        return {name: known[name] for name in EXTERNAL_METRICS if name in known}
    if not has_external_set(settings):
        return {}
    chosen = select_new_tumors(index_external_images(manifest_with_split(Protocol.GROUP, settings), settings))
    found = predict_cached(
        artifact, [settings.inputs / EXTERNAL_FOLDER / path for path in chosen["path"]], "outside", work, settings
    )
    healthy = np.flatnonzero(~scans.is_tumor)
    truth = np.arange(len(chosen) + len(healthy)) < len(chosen)
    metrics = score_external(
        truth,
        scores={"": np.concatenate([found.tumor_probability, predictions.tumor_probability[healthy]])},
        verdicts=np.concatenate([found.verdicts, predictions.verdicts[healthy]]),
        groups=np.concatenate([chosen["group"].to_numpy(object), scans.groups[healthy]]),
        replicates=replicates,
    ).metrics
    return {name: metrics[name] for name in EXTERNAL_METRICS if name in metrics}
