"""Fit the recognition of head CT to the CT slices among the training images, and its limit to validation scans."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from braintumor.datasets.ct_slices import find_ct_slices
from braintumor.enums import Split
from braintumor.evaluation.metrics.bootstrap import REPLICATES, mean_with_ci
from braintumor.inference.input_check.ct_check import ct_scores
from braintumor.inference.input_check.limits import CTClassifier
from braintumor.inference.input_check.skull_ring import skull_ring_features
from braintumor.inference.model_card import update_card
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData

# Share of the MR slices among the validation scans that may be rejected as CT.
MR_REJECTED_RATE: Final = 0.005


def fit_ct_check(name: str, data: TrainingData, settings: Settings, replicates: int = REPLICATES) -> None:
    """Write the section `ct` of a card; nothing without CT slices in the training and the test split."""
    is_ct = find_ct_slices(data.manifest, settings)
    splits = data.manifest.get("patient_split", data.manifest["split"])  # CT slices may be in no split for training
    training, validation, test = (np.flatnonzero((splits == str(split)).to_numpy()) for split in Split)
    if not is_ct[training].any() or not is_ct[test].any():
        return
    classifier = fit_ct_classifier(
        data.model_inputs[training], is_ct[training], data.model_inputs[validation][~is_ct[validation]]
    )
    rejected = (ct_scores(classifier, data.model_inputs[test]) >= classifier.reject_at).astype(float)
    columns = {
        "ct_rejected": np.where(is_ct[test], rejected, np.nan),
        "mr_rejected": np.where(is_ct[test], np.nan, rejected),
    }
    groups = data.manifest["group"].to_numpy(object)[test]
    metrics = mean_with_ci(columns, groups, data.labels[test], replicates)
    update_card(name, settings, ct=classifier.model_dump(mode="json") | {"test": metrics})


def fit_ct_classifier(
    training: NDArray[np.uint8], is_ct: NDArray[np.bool_], validation: NDArray[np.uint8]
) -> CTClassifier:
    """Fit weights to training images (n, height, width), and the limit to MR slices of the validation split."""
    features = np.stack([skull_ring_features(model_input) for model_input in training])
    scaler, regression = StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=5000)
    make_pipeline(scaler, regression).fit(features, is_ct)
    weights = regression.coef_[0] / scaler.scale_
    classifier = CTClassifier(
        weights=tuple(map(float, weights)),
        bias=float(regression.intercept_[0] - weights @ scaler.mean_),
        reject_at=0.0,
        chosen=(
            f"On {int(is_ct.sum())} CT and {int((~is_ct).sum())} MR training images; at most {MR_REJECTED_RATE:.1%} of "
            f"{len(validation)} MR validation images reach `reject_at`."
        ),
    )
    scores = np.sort(ct_scores(classifier, validation))[::-1]
    highest = float(scores[int(MR_REJECTED_RATE * len(scores))])
    return classifier.model_copy(update={"reject_at": float(np.nextafter(highest, np.inf))})
