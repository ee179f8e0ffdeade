"""Fit the recognition of head CT to the CT slices among the training images, and its limit to validation scans."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.ct_slices import find_ct_slices
from braintumor.enums import Split
from braintumor.evaluation.calibration.fit_feature_weights import fit_feature_weights, upper_limit
from braintumor.evaluation.metrics.bootstrap import REPLICATES, mean_with_ci
from braintumor.inference.input_check.feature_check import log_odds
from braintumor.inference.input_check.limits import CTClassifier
from braintumor.inference.model_card import update_card
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData

# Largest share of the MR slices among the validation scans that are rejected as CT.
MR_REJECTED_RATE: Final = 0.005
# Inverse strength of the L2 penalty, and number of features: fewer or smaller weights miss CT that is dim or turned.
_INVERSE_PENALTY: Final = 1.0
_FEATURES: Final = 256


def fit_ct_check(
    name: str,
    data: TrainingData,
    features: NDArray[np.float32] | None,
    settings: Settings,
    replicates: int = REPLICATES,
) -> None:
    """Write the section `ct` of a card; nothing without features, or without CT in the training and the test split.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d), or None
        Network features of all images of `data`, in their order.
    """
    is_ct = find_ct_slices(data.manifest, settings)
    splits = data.manifest.get("patient_split", data.manifest["split"])  # CT slices may be in no split for training
    training, validation, test = (np.flatnonzero((splits == str(split)).to_numpy()) for split in Split)
    if features is None or not is_ct[training].any() or not is_ct[test].any():
        return
    classifier = fit_ct_classifier(features[training], is_ct[training], features[validation], is_ct[validation])
    rejected = (log_odds(classifier, features[test]) >= classifier.reject_at).astype(float)
    columns = {
        "ct_rejected": np.where(is_ct[test], rejected, np.nan),
        "mr_rejected": np.where(is_ct[test], np.nan, rejected),
    }
    groups = data.manifest["group"].to_numpy(object)[test]
    metrics = mean_with_ci(columns, groups, data.labels[test], replicates)
    update_card(name, settings, ct=classifier.model_dump(mode="json") | {"test": metrics})


def fit_ct_classifier(
    training: NDArray[np.floating],
    is_training_ct: NDArray[np.bool_],
    validation: NDArray[np.floating],
    is_validation_ct: NDArray[np.bool_],
) -> CTClassifier:
    """Fit weights to training scans, and the limit between MR and CT of the validation split.

    Parameters
    ----------
    training, validation : ndarray of float, shape (n, d)
        Network features.
    is_training_ct, is_validation_ct : ndarray of bool, shape (n,)
        Which of them are CT.
    """
    weights = fit_feature_weights(training, is_training_ct, count=_FEATURES, inverse_penalty=_INVERSE_PENALTY)
    classifier = CTClassifier(**weights, reject_at=0.0)
    scores = log_odds(classifier, validation)
    mr, ct = scores[~is_validation_ct], scores[is_validation_ct]
    lowest = upper_limit(mr, MR_REJECTED_RATE)
    is_separate = len(ct) > 0 and ct.min() > lowest
    chosen = f"On {int(is_training_ct.sum())} CT and {int((~is_training_ct).sum())} MR training images. "
    if is_separate:
        chosen += (
            f"`reject_at` is halfway from what {MR_REJECTED_RATE:.1%} of {len(mr)} MR validation images reach to the "
            f"lowest of {len(ct)} CT validation images."
        )
    else:
        chosen += f"At most {MR_REJECTED_RATE:.1%} of {len(mr)} MR validation images reach `reject_at`."
    reject_at = (lowest + float(ct.min())) / 2 if is_separate else lowest
    return classifier.model_copy(update={"reject_at": reject_at, "chosen": chosen})
