"""Fit the recognition of slices outside the brain to training patients, and its limit to validation patients."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.ct_slices import find_ct_slices
from braintumor.datasets.external.volume_slices import OUTSIDE
from braintumor.enums import NO_CLASS_INDEX, NO_TUMOR_INDEX, Plane, Split
from braintumor.evaluation.calibration.fit_feature_weights import fit_feature_weights, upper_limit
from braintumor.evaluation.metrics.bootstrap import REPLICATES, MetricEntry, by_subgroup, mean_with_ci, subgroup_masks
from braintumor.inference.input_check.feature_check import log_odds
from braintumor.inference.input_check.limits import FieldClassifier
from braintumor.inference.model_card import read_card, update_card
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData

Flags = NDArray[np.bool_]

# Largest shares of validation slices classified as outside the brain: of those with brain, and of those with a tumour.
BRAIN_OUTSIDE_RATE: Final = 0.01
TUMOR_OUTSIDE_RATE: Final = 0.005
_FEATURES: Final = 64
# Inverse strength of the L2 penalty. With 0.1, an eighth of the tumours of a source left out of training were outside.
_INVERSE_PENALTY: Final = 0.001


def fit_field_check(
    name: str,
    data: TrainingData,
    features: NDArray[np.float32] | None,
    settings: Settings,
    replicates: int = REPLICATES,
) -> None:
    """Write the section `field` of a card; nothing without features or slices outside the brain.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d), or None
        Network features of all images of `data`, in their order.
    """
    if features is None or "field" not in data.manifest:
        return
    held_out = Recipe(**read_card(name, settings).recipe).holdout_sources
    training, validation, test = (_patient_rows(data, split, held_out, settings) for split in Split)
    is_outside = (data.manifest["field"] == OUTSIDE).to_numpy()
    if not is_outside[training].any() or not is_outside[test].any():
        return
    is_tumor = ~is_outside & ~np.isin(data.labels, (NO_TUMOR_INDEX, NO_CLASS_INDEX))
    has_brain = validation[~is_outside[validation]]
    training_features, brain_features = features[training], features[has_brain]
    classifier = fit_field_classifier(training_features, is_outside[training], brain_features, is_tumor[has_brain])
    called = log_odds(classifier, features[test]) >= classifier.outside_at
    metrics = measure_field_check(data.select(test), called, is_outside[test], is_tumor[test], replicates)
    update_card(name, settings, field=classifier.model_dump(mode="json") | {"test": metrics})


def _patient_rows(data: TrainingData, split: Split, held_out: tuple[str, ...], settings: Settings) -> NDArray[np.int64]:
    """Return the MR slices of the patients of a split, also those that have no class, without held-out sources."""
    selected = data.manifest.get("patient_split", data.manifest["split"]) == str(split)
    selected &= ~data.manifest["origin"].isin(held_out)
    return np.flatnonzero(selected.to_numpy(bool) & ~find_ct_slices(data.manifest, settings))


def fit_field_classifier(
    training: NDArray[np.floating], is_outside: Flags, validation: NDArray[np.floating], is_tumor: Flags
) -> FieldClassifier:
    """Fit weights to training slices, and the limit to validation slices with brain.

    Parameters
    ----------
    training, validation : ndarray of float, shape (n, d)
        Network features.
    is_outside : ndarray of bool, shape (n,)
        Which training slices show no brain.
    is_tumor : ndarray of bool, shape (n,)
        Which validation slices show a tumour.
    """
    weights = fit_feature_weights(training, is_outside, count=_FEATURES, inverse_penalty=_INVERSE_PENALTY)
    classifier = FieldClassifier(
        **weights,
        outside_at=0.0,
        chosen=(
            f"On {int(is_outside.sum())} training slices outside the brain and {int((~is_outside).sum())} others; at "
            f"most {BRAIN_OUTSIDE_RATE:.1%} of {len(validation)} validation slices with brain and "
            f"{TUMOR_OUTSIDE_RATE:.1%} of {int(is_tumor.sum())} with a tumour reach `outside_at`."
        ),
    )
    scores = log_odds(classifier, validation)
    outside_at = max(upper_limit(scores, BRAIN_OUTSIDE_RATE), upper_limit(scores[is_tumor], TUMOR_OUTSIDE_RATE))
    return classifier.model_copy(update={"outside_at": outside_at})


def measure_field_check(
    data: TrainingData, called: Flags, is_outside: Flags, is_tumor: Flags, replicates: int = REPLICATES
) -> dict[str, MetricEntry]:
    """Measure which slices are classified as outside the brain.

    Metrics: `outside_recognized` of the slices outside the brain, `brain_outside` of those with brain, and
    `tumor_outside` of those with a tumour; each also `@plane:<plane>`.

    Parameters
    ----------
    called, is_outside, is_tumor : ndarray of bool, shape (n,)
        Which slices of `data` are classified as outside the brain, are outside it, and show a tumour.
    """
    columns = {
        "outside_recognized": np.where(is_outside, called, np.nan),
        "brain_outside": np.where(is_outside, np.nan, called),
        "tumor_outside": np.where(is_tumor, called, np.nan),
    }
    planes = subgroup_masks("plane", data.manifest["plane"].to_numpy(object), [str(plane) for plane in Plane])
    groups, strata = data.manifest["group"].to_numpy(object), is_outside.astype(np.int64)
    return mean_with_ci(columns | by_subgroup(columns, planes), groups, strata, replicates)
