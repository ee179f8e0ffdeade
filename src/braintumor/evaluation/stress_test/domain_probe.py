"""Origin: how well the collection a slice is from can still be read from what the network sees."""

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
from braintumor.inference.ood import feature_vector

Floats = NDArray[np.float64]

FOLDS: Final = 5
# Strong shrinkage: there are about as many features as scans.
_C: Final = 0.01
_SOURCES: Final = ("br35h", "sartaj", "figshare-cheng")


def measure_domain_probe(context: StressTestContext) -> CheckResult:
    """Area under the ROC of a logistic regression that reads the origin, cross-validated by group on test scans.

    Metrics: `roc_auc@tell:br35h` against figshare-cheng, where label and origin are the same thing; and
    `roc_auc@tell:sartaj` against figshare-cheng among tumours alone. `...@from:thumbnail` is the same regression on a
    coarse picture of the frame: what can be read without the network. One half is chance.

    Raises
    ------
    NotMeasurableError
        The version gives no features, or too few groups of these origins are held out.
    """
    features = context.test_predictions.outputs.features
    if features is None:
        raise NotMeasurableError("This version gives no features to read an origin from.")
    seen = feature_vector(features, context.data.model_inputs[context.test_rows])
    ways = {"": seen[:, : features.shape[1]], "@from:thumbnail": seen[:, features.shape[1] :]}
    origin = context.test_predictions.manifest["origin"].to_numpy(object)
    tumors = context.test_predictions.labels != NO_TUMOR_INDEX
    first, second, other = _SOURCES
    questions = {first: np.isin(origin, (first, other)), second: np.isin(origin, (second, other)) & tumors}
    metrics: dict[str, MetricEntry] = {}
    for name, rows in questions.items():
        truth, groups = origin[rows] == name, context.test_predictions.groups[rows]
        if min(len(set(groups[truth])), len(set(groups[~truth]))) < FOLDS:
            continue
        for way, values in ways.items():
            found = probe_auc(values[rows], truth, groups, context.replicates)
            metrics[f"roc_auc@tell:{name}{way}"] = found
    if not metrics:
        raise NotMeasurableError("Too few groups of the known origins are among the test scans.")
    return CheckResult(metrics, facts={"folds": FOLDS, "against": other})


def probe_auc(values: Floats, truth: NDArray[np.bool_], groups: NDArray[np.object_], replicates: int) -> MetricEntry:
    """Area under the ROC of `truth` read from values (n, d), each scan by a regression that saw none of its group."""
    scores = probe_scores(values, truth, groups)

    def measure(weights: Floats) -> dict[str, float]:
        return {"roc_auc": roc_pr_auc(truth, scores, weights)[0]}

    return bootstrap_ci(measure, {}, groups, truth.astype(np.int64), replicates)["roc_auc"]


def probe_scores(values: NDArray[np.floating], truth: NDArray[np.bool_], groups: NDArray[np.object_]) -> Floats:
    """How much values (n, d) speak for `truth`, each scan read by a regression that saw none of its group."""
    scores = np.zeros(len(truth))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for known, held in folds.split(values, truth, groups):
        reader = make_pipeline(StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000))
        scores[held] = reader.fit(values[known], truth[known]).decision_function(values[held])
    return scores
