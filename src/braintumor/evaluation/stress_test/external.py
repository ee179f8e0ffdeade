"""External validation: tumours from another source against tumour-free test scans. Nothing is fitted to them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.catalog import BINARY_SET, evaluation_dataset
from braintumor.enums import NO_TUMOR_INDEX, Verdict
from braintumor.evaluation.external_set import (
    EXTERNAL_FOLDER,
    EXTERNAL_LABELS,
    has_external_set,
    index_external_images,
    select_new_tumors,
)
from braintumor.evaluation.metrics.bootstrap import bootstrap_ci, mean_with_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.inference.decision import predicted_class, tumor_log_odds, tumor_probability
from braintumor.inference.outputs import Outputs

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def measure_external(context: StressTestContext) -> CheckResult:
    """Score the new tumour images of the external set against the tumour-free scans of the test split.

    A cluster of near-duplicates counts as one scan and is one group of the intervals. The metrics form the split
    `external`: `roc_auc` of the tumour probability, `roc_auc@by:label` and `roc_auc@by:mask` of class head and mask
    alone; `tumor_sensitivity`, `flagged`, `flagged_or_uncertain` and `rejected` of the external tumours;
    `tumor_specificity` and `false_alarms` of the tumour-free scans.

    Raises
    ------
    NotMeasurableError
        The external set is missing, or the model was trained on it.
    """
    folder = context.settings.inputs / EXTERNAL_FOLDER
    if evaluation_dataset(context.card.recipe) == BINARY_SET:
        raise NotMeasurableError("This model was trained on the external set.")
    if not has_external_set(context.settings):
        raise NotMeasurableError(
            f"inputs/{EXTERNAL_FOLDER} with its folders yes and no is missing. "
            "Run: braintumor data fetch --dataset binary"
        )
    images = index_external_images(context.data.manifest, context.settings)
    tumors = select_new_tumors(images)
    model_inputs, _ = context.load_inputs([folder / path for path in tumors["path"]])
    outputs, probabilities, verdicts = context.predict(model_inputs)
    tumor_free = np.flatnonzero(context.test_predictions.labels == NO_TUMOR_INDEX)
    truth = np.arange(len(model_inputs) + len(tumor_free)) < len(model_inputs)
    all_outputs = Outputs.concat([outputs, context.test_predictions.outputs.select(tumor_free)])
    calibrated = np.concatenate([probabilities, context.test_predictions.calibrated[tumor_free]])
    tumor = tumor_probability(calibrated)
    result = score_external(
        truth,
        scores={"": tumor, "@by:label": tumor_log_odds(all_outputs.logits), "@by:mask": all_outputs.mask_log_odds()},
        verdicts=np.concatenate([verdicts, context.test_predictions.verdicts[tumor_free]]),
        groups=np.concatenate([tumors["group"].to_numpy(object), context.test_predictions.groups[tumor_free]]),
        replicates=context.replicates,
        predicted=predicted_class(calibrated, context.card.binary_threshold) != NO_TUMOR_INDEX,
    )
    result.facts.update(
        {f"{label}{suffix}": int(((images["label"] == label) & selected).sum())
         for label in EXTERNAL_LABELS for suffix, selected in (("", images["bits"] >= 0), ("_new", images["new"]))}
    )  # fmt: skip
    result.facts["clusters"] = int(tumors["cluster"].nunique())
    return result


def score_external(
    truth: Flags,
    scores: Mapping[str, Floats | None],
    verdicts: NDArray[np.object_],
    groups: NDArray[np.object_],
    replicates: int,
    predicted: Flags | None = None,
) -> CheckResult:
    """Score external tumours (where `truth`) against tumour-free scans.

    Parameters
    ----------
    scores : mapping
        Evidence for a tumour by the suffix of its metric, the tumour probability under `""`; None is ignored.
    predicted : ndarray of bool, shape (n,), optional
        Whether the predicted class is tumour, for sensitivity and specificity.
    """
    sizes = {group: np.count_nonzero(groups == group) for group in set(groups[truth])}
    cluster_weights = np.array([1.0 / sizes.get(group, 1) for group in groups])
    available = {name: values for name, values in scores.items() if values is not None}

    def roc_aucs(weights: Floats) -> dict[str, float]:
        return {
            f"roc_auc{name}": roc_pr_auc(truth, values, weights * cluster_weights)[0]
            for name, values in available.items()
        }

    flagged, uncertain = verdicts == Verdict.TUMOR_SUSPECTED, verdicts == Verdict.UNCERTAIN
    columns = {
        "flagged": np.where(truth, flagged, np.nan),
        "flagged_or_uncertain": np.where(truth, flagged | uncertain, np.nan),
        "rejected": np.where(truth, verdicts == Verdict.NOT_BRAIN_MRI, np.nan),
        "false_alarms": np.where(truth, np.nan, flagged),
    }
    if predicted is not None:
        columns["tumor_sensitivity"] = np.where(truth, predicted, np.nan)
        columns["tumor_specificity"] = np.where(truth, np.nan, ~predicted)
    strata = truth.astype(np.int64)
    entries = bootstrap_ci(roc_aucs, {}, groups, strata, replicates)
    return CheckResult(entries | mean_with_ci(columns, groups, strata, replicates, weights=cluster_weights))
