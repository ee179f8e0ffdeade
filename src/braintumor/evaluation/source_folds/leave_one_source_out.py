"""Score each held-out source with the network that was trained without it, at the calibration of the version."""

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.external.sets import EXTERNAL_SET
from braintumor.datasets.external.volume_slices import OUTSIDE, is_stripped_copy
from braintumor.enums import NO_TUMOR_INDEX, OTHER_LESION_LABEL, TumorClass
from braintumor.evaluation.calibration.out_of_fold import left_out_slices, read_out_of_fold, to_outputs
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.metrics.selective import is_in_set
from braintumor.evaluation.stress_test.sources import score_sources
from braintumor.fileio import write_atomically
from braintumor.inference.decision import OODScore, predicted_class, prediction_set, tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import LEAVE_ONE_SOURCE_OUT_FILE
from braintumor.inference.pipeline.judge import judge_pictures
from braintumor.settings import Settings

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def write_leave_one_source_out(name: str, detector: Detector, settings: Settings, replicates: int) -> None:
    """Write `leave_one_source_out.json` of a version that has `out_of_fold.csv`.

    Metrics are those of `score_sources`, and areas under the ROC curve: `roc_auc@source:` of the tumours against the
    tumour-free slices of a source, where it lacks one of them against those of the other sources of its fold, and
    `roc_auc@fold:` on the validation split of a fold, whose sources its network knows. Skull-stripped copies are left
    out. Without features in `out_of_fold.csv`, nothing says whether a slice is CT or outside the field.
    """
    folder = settings.outputs / name
    table = read_out_of_fold(folder)
    if table is None:
        return
    slices = _decide(left_out_slices(table, settings), detector)
    slices = slices[~slices["path"].map(is_stripped_copy).astype(bool)].reset_index(drop=True)
    result = score_sources(slices, replicates)
    rates = {key: entry for key, entry in result.metrics.items() if not key.startswith("outside_field")}
    metrics = rates | source_areas(slices, replicates) | _fold_areas(table, detector, replicates)
    report = {"model": detector.artifact.card.fingerprint, "metrics": metrics, "facts": result.facts}
    write_atomically(folder / LEAVE_ONE_SOURCE_OUT_FILE, json.dumps(report, indent=1) + "\n")


def _decide(slices: pd.DataFrame, detector: Detector) -> pd.DataFrame:
    """Add the columns of `read_external_slices` but `p_<class>`, and make paths relative to the external sets."""
    card = detector.artifact.card
    outputs = to_outputs(slices)
    probabilities = detector.probabilities(outputs)
    sets = [prediction_set(row, card.conformal_quantiles, card.binary_threshold) for row in probabilities]
    tumor, has_distance = tumor_probability(probabilities), slices["ood_distance"].notna()
    limits = zip(slices["ood_distance"], slices["ood_unusual_at"], has_distance, strict=True)
    scores = [OODScore(distance, unusual_at, 1.0) if known else None for distance, unusual_at, known in limits]
    slices = slices.assign(path=slices["path"].str.removeprefix(f"{EXTERNAL_SET.folder}/"))
    return slices.assign(
        tumor_probability=tumor,
        is_predicted_tumor=predicted_class(probabilities) != NO_TUMOR_INDEX,
        verdict=judge_pictures(card, outputs, tumor, scores),
        is_class_in_set=[is_in_set(label, members) for label, members in zip(slices["label"], sets, strict=True)],
    )


def source_areas(slices: pd.DataFrame, replicates: int) -> dict[str, MetricEntry]:
    """Compute the area under the ROC curve of each source; see `write_leave_one_source_out`.

    Parameters
    ----------
    slices : DataFrame
        `origin`, `fold`, `label`, `field`, `group` and `tumor_probability`.
    """
    is_free = ((slices["label"] == str(TumorClass.NOTUMOR)) & (slices["field"] != OUTSIDE)).to_numpy()
    is_tumor = ~slices["label"].isin([str(TumorClass.NOTUMOR), OTHER_LESION_LABEL]).to_numpy()
    areas: dict[str, MetricEntry] = {}
    for (fold, origin), _ in slices.groupby(["fold", "origin"]):
        in_source, in_fold = (slices["origin"] == origin).to_numpy(), (slices["fold"] == fold).to_numpy()
        tumors, free = (flags & (in_source if (flags & in_source).any() else in_fold) for flags in (is_tumor, is_free))
        if ((tumors | free) & in_source).any():
            areas |= _area(slices, f"roc_auc@source:{origin}", tumors, free, replicates)
    return areas


def _fold_areas(table: pd.DataFrame, detector: Detector, replicates: int) -> dict[str, MetricEntry]:
    """Compute the area of each network on the Kaggle images of its validation split."""
    kaggle = table[~table["is_left_out"] & table["path"].str.startswith(f"{KAGGLE.folder}/")].reset_index(drop=True)
    kaggle["tumor_probability"] = tumor_probability(detector.probabilities(to_outputs(kaggle)))
    is_free = (kaggle["label"] == str(TumorClass.NOTUMOR)).to_numpy()
    areas: dict[str, MetricEntry] = {}
    for fold in sorted(set(kaggle["fold"])):
        in_fold = (kaggle["fold"] == fold).to_numpy()
        areas |= _area(kaggle, f"roc_auc@fold:{fold}", in_fold & ~is_free, in_fold & is_free, replicates)
    return areas


def _area(slices: pd.DataFrame, name: str, tumors: Flags, free: Flags, replicates: int) -> dict[str, MetricEntry]:
    """Compute an area with its interval over groups; nothing without tumours, or without tumour-free slices."""
    if not (tumors.any() and free.any()):
        return {}
    used = tumors | free
    score, groups = slices["tumor_probability"].to_numpy(np.float64)[used], slices["group"].to_numpy(object)[used]

    def area(weights: Floats) -> dict[str, float]:
        return {name: roc_pr_auc(tumors[used], score, weights)[0]}

    return bootstrap_ci(area, {}, groups, tumors[used].astype(np.int64), replicates)
