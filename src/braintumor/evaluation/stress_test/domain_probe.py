"""Domain probe: how well the source dataset of a slice can be predicted from the network's features."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from braintumor.enums import NO_TUMOR_INDEX
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.inference.input_check.ood import feature_vector

Floats = NDArray[np.float64]

FOLDS: Final = 5
# Strong regularization, because there are about as many features as scans.
_C: Final = 0.01
_SOURCES: Final = ("br35h", "sartaj", "figshare-cheng")


def measure_domain_probe(context: StressTestContext) -> CheckResult:
    """Measure the cross-validated ROC area of a logistic regression that predicts the source dataset of test scans.

    Metrics: `roc_auc@source:br35h` against figshare-cheng, where label and source coincide, and `roc_auc@source:sartaj`
    against figshare-cheng among tumours only. `...@from:thumbnail` is the same regression on a thumbnail of the image:
    what can be predicted without the network. Chance is 0.5.

    Raises
    ------
    NotMeasurableError
        The model has no features, or the test split has too few groups of these sources.
    """
    features = context.test_predictions.outputs.features
    if features is None:
        raise NotMeasurableError("This model outputs no features to predict the source dataset from.")
    vectors = feature_vector(features, context.data.model_inputs[context.test_rows])
    inputs = {"": vectors[:, : features.shape[1]], "@from:thumbnail": vectors[:, features.shape[1] :]}
    origin = context.test_predictions.manifest["origin"].to_numpy(object)
    is_tumor = context.test_predictions.labels != NO_TUMOR_INDEX
    first, second, reference = _SOURCES
    tasks = {first: np.isin(origin, (first, reference)), second: np.isin(origin, (second, reference)) & is_tumor}
    metrics: dict[str, MetricEntry] = {}
    for name, rows in tasks.items():
        truth, groups = origin[rows] == name, context.test_predictions.groups[rows]
        if min(len(set(groups[truth])), len(set(groups[~truth]))) < FOLDS:
            continue
        for suffix, values in inputs.items():
            metrics[f"roc_auc@source:{name}{suffix}"] = probe_auc(values[rows], truth, groups, context.replicates)
    if not metrics:
        raise NotMeasurableError("The test split has too few groups of the three source datasets.")
    return CheckResult(metrics, facts={"folds": FOLDS, "against": reference})


def probe_auc(values: Floats, truth: NDArray[np.bool_], groups: NDArray[np.object_], replicates: int) -> MetricEntry:
    """Compute the ROC area of cross-validated probe scores of values (n, d)."""
    scores = probe_scores(values, truth, groups)

    def roc_auc(weights: Floats) -> dict[str, float]:
        return {"roc_auc": roc_pr_auc(truth, scores, weights)[0]}

    return bootstrap_ci(roc_auc, {}, groups, truth.astype(np.int64), replicates)["roc_auc"]


def probe_scores(values: NDArray[np.floating], truth: NDArray[np.bool_], groups: NDArray[np.object_]) -> Floats:
    """Predict `truth` from values (n, d) by a regression that never saw the scan's group."""
    scores = np.zeros(len(truth))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, validation in folds.split(values, truth, groups):
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000))
        scores[validation] = probe.fit(values[train], truth[train]).decision_function(values[validation])
    return scores
