"""Scores of one split: its part of `evaluation.json` and of `curves.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from braintumor.evaluation.entries import Entry, means, sliced, with_intervals
from braintumor.evaluation.localization import localization
from braintumor.evaluation.metrics import confusion, metrics, reliability, scored_tasks
from braintumor.evaluation.selective import selective
from braintumor.evaluation.subgroups import subgroup_columns, subgroup_slices
from braintumor.inference.artifact import Card
from braintumor.inference.outputs import Outputs
from braintumor.inference.verdict import softmax
from braintumor.vocabulary import CLASS_NAMES, HEALTHY_INDEX

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A curve drawn through this many points looks the same as one through all of them.
_CURVE_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class Scored:
    """What was said of the scans of one split, in the order of their rows in the manifest.

    `calibrated` and `verdicts` are as the detector gives them; `masks`, outlines on the frame, is None where masks
    were not read.
    """

    manifest: pd.DataFrame
    labels: Ints
    outputs: Outputs
    calibrated: Floats
    verdicts: NDArray[np.object_]
    masks: NDArray[np.uint8] | None

    @property
    def groups(self) -> NDArray[np.object_]:
        """Group of each scan."""
        return self.manifest["group"].to_numpy(object)


def score(part: Scored, card: Card, replicates: int) -> tuple[dict[str, Entry], dict[str, Any]]:
    """Entries and curves of a split; names of entries are explained in `measures`."""
    probabilities = softmax(card.fusion.logits(part.outputs))
    entries = _classified(part, probabilities, replicates)
    chosen, curves = selective(
        part.labels, part.calibrated, part.verdicts, card.conformal_quantiles, part.groups, replicates
    )
    slices = subgroup_slices(part.manifest, part.masks)
    columns = subgroup_columns(part.labels, part.calibrated, slices)
    if part.masks is not None:
        found = localization(part.outputs, part.masks, part.labels, card.map_extent)
        kinds = {f"/{name}": part.labels == i for i, name in enumerate(CLASS_NAMES)}
        where = {name: chosen for name, chosen in slices.items() if not name.startswith("@origin")}
        columns |= found | sliced(found, kinds | where)
    entries |= chosen | means(columns, part.groups, part.labels, replicates)
    return entries, {**_curves(part.labels, probabilities, part.calibrated), "risk_coverage": curves}


def _classified(part: Scored, probabilities: Floats, replicates: int) -> dict[str, Entry]:
    labels, calibrated = part.labels, part.calibrated
    counted = {name: _counted(name, labels, probabilities) for name in metrics(labels, probabilities, calibrated)}
    return with_intervals(
        lambda weights: metrics(labels, probabilities, calibrated, weights), counted, part.groups, labels, replicates,
        jobs=-1,
    )  # fmt: skip


def _counted(metric: str, labels: Ints, probabilities: Floats) -> NDArray[np.bool_]:
    """Which images a metric is a share of: those of a class for recall, those called one for precision, else all."""
    kind, _, label = metric.partition("/")
    is_tumor = labels != HEALTHY_INDEX
    chosen: dict[str, NDArray[np.bool_]] = {"tumor_sensitivity": is_tumor, "tumor_specificity": ~is_tumor}
    if kind == "recall":
        return np.asarray(labels == CLASS_NAMES.index(label))
    if kind == "precision":
        return np.asarray(probabilities.argmax(axis=1) == CLASS_NAMES.index(label))
    return chosen.get(kind, np.ones(len(labels), bool))


def _curves(labels: Ints, probabilities: Floats, calibrated: Floats) -> dict[str, Any]:
    table = confusion(labels, probabilities.argmax(axis=1)).astype(int).tolist()
    drawn = roc_and_pr(scored_tasks(labels, calibrated))
    return {"confusion": table, **drawn, "reliability": reliability(labels, calibrated)}


def roc_and_pr(tasks: Mapping[str, tuple[NDArray[np.bool_], Floats]]) -> dict[str, Any]:
    """Curves `roc` and `pr` of two-way questions: which is true, and the score it is told by."""
    roc, pr = {}, {}
    for name, (truth, scores) in tasks.items():
        if not truth.any() or truth.all():
            continue
        false, true, _ = roc_curve(truth, scores)
        precision, recall, _ = precision_recall_curve(truth, scores)
        roc[name] = {"fpr": thinned(false), "tpr": thinned(true)}
        pr[name] = {"recall": thinned(recall[::-1]), "precision": thinned(precision[::-1])}
    return {"roc": roc, "pr": pr}


def thinned(values: Floats) -> list[float]:
    """As many points of a curve as it takes to draw it."""
    kept = np.unique(np.linspace(0, len(values) - 1, min(_CURVE_POINTS, len(values))).astype(int))
    return [round(float(v), 5) for v in values[kept]]
