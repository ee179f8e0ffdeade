"""Two ways: the scores of one split for a version that tells tumour from none and no kinds."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.answered import answered
from braintumor.evaluation.entries import Entry, means, sliced, with_intervals
from braintumor.evaluation.localization import localization
from braintumor.evaluation.metrics import areas, expected_calibration_error, reliability
from braintumor.evaluation.scores import Scored, roc_and_pr
from braintumor.evaluation.selective import area, risk_coverage, thinned_risk, verdict_columns
from braintumor.evaluation.subgroups import subgroup_slices
from braintumor.inference.artifact import Card
from braintumor.inference.verdict import likeliest, prediction_set, softmax, tumor_probability
from braintumor.vocabulary import HEALTHY_INDEX, TUMOR, TUMOR_INDICES, TumorClass

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NAMES: Final = (TUMOR, str(TumorClass.NOTUMOR))  # rows and columns of the confusion matrix


def score_two_way(part: Scored, card: Card, replicates: int) -> tuple[dict[str, Entry], dict[str, Any]]:
    """Entries and curves of a split, by the names they have for four classes; see `measures`."""
    ill = part.labels != HEALTHY_INDEX
    said = likeliest(part.calibrated, card.decision) != HEALTHY_INDEX
    plain = tumor_probability(softmax(card.fusion.logits(part.outputs)))
    tumor = tumor_probability(part.calibrated)
    strata = np.where(ill, TUMOR_INDICES[0], HEALTHY_INDEX)
    entries = with_intervals(
        lambda weights: metrics(ill, said, plain, tumor, weights), _counted(ill), part.groups, strata, replicates
    )
    slices = subgroup_slices(part.manifest, part.masks)
    columns = answered(part.labels, part.calibrated, card.decision)
    columns = sliced(columns, slices) | verdict_columns(part.verdicts, tumor, ill) | _sets(part, card, ill)
    if part.masks is not None:
        # The map of any tumour is the same whatever its kind.
        found = localization(part.outputs, part.masks, strata, card.map_extent)
        where = {name: chosen for name, chosen in slices.items() if not name.startswith("@origin")}
        columns |= found | sliced(found, where)
    entries |= means(columns, part.groups, strata, replicates)
    curves = risk_coverage(_confidence(tumor), said != ill)
    return entries, {
        "confusion": confusion(ill, said).astype(int).tolist(),
        **roc_and_pr({TUMOR: (ill, tumor)}),
        "reliability": reliability(strata_of(ill), _pair(tumor)),
        "risk_coverage": {TUMOR: thinned_risk(*curves)},
    }


def metrics(ill: Bools, said: Bools, plain: Floats, tumor: Floats, weights: Floats | None = None) -> dict[str, float]:
    """All metrics of one set.

    Parameters
    ----------
    ill, said : ndarray of bool, shape (n,)
        Whether there is tumour, and whether the version says so.
    plain, tumor : ndarray, shape (n,)
        Tumour probability as the network gives it, of which `loss` is, and calibrated.
    weights : ndarray, shape (n,), optional
        How often each image counts; one each by default.
    """
    weights = np.ones(len(ill)) if weights is None else weights
    table, total = confusion(ill, said, weights), weights.sum()
    hits, truth, answers = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, f1 = hits / truth, 2 * hits / (truth + answers)
    given = np.clip(np.where(ill, plain, 1 - plain), 1e-7, 1.0)
    roc, pr = areas(ill, tumor, weights)
    return {
        "accuracy": float(hits.sum() / total), "macro_f1": float(f1.mean()),
        "tumor_sensitivity": float(recall[0]), "tumor_specificity": float(recall[1]),
        "loss": float(-(np.log(given) * weights).sum() / total),
        "ece": expected_calibration_error(strata_of(ill), _pair(tumor), weights),
        "brier": float((2 * (tumor - ill) ** 2 * weights).sum() / total),
        "roc_auc": roc, "pr_auc": pr, "aurc": area(_confidence(tumor), said != ill, weights),
    }  # fmt: skip


def confusion(ill: Bools, said: Bools, weights: Floats | None = None) -> Floats:
    """Confusion matrix (2, 2): rows are the truth, columns what is said, tumour first."""
    return np.bincount(2 * ~ill + ~said, weights=weights, minlength=4).reshape(2, 2).astype(np.float64)


def strata_of(ill: Bools) -> NDArray[np.int64]:
    """0 for tumour, 1 for none: numbers of `NAMES`."""
    return np.where(ill, 0, 1)


def _pair(tumor: Floats) -> Floats:
    return np.column_stack([tumor, 1 - tumor])


def _confidence(tumor: Floats) -> Floats:
    return np.maximum(tumor, 1 - tumor)


def _counted(ill: Bools) -> dict[str, Bools]:
    return {"tumor_sensitivity": ill, "tumor_specificity": ~ill}


def _sets(part: Scored, card: Card, ill: Bools) -> dict[str, Floats]:
    """Coverage and size of prediction sets, whose two members are any tumour and none."""
    sets = [prediction_set(row, card.conformal_quantiles, card.decision) for row in part.calibrated]
    healthy = np.array([TumorClass.NOTUMOR in found for found in sets])
    tumor = np.array([any(c.is_tumor for c in found) for found in sets])
    columns = {
        "set_coverage": np.where(ill, tumor, healthy).astype(float),
        "set_size": healthy.astype(float) + tumor,
    }
    truth = np.where(ill, *NAMES).astype(object)
    return columns | sliced(columns, {f"/{name}": truth == name for name in NAMES})
