"""The outside check: tumours of another collection against held-out healthy scans. Nothing is ever chosen on it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from braintumor.dataset.sets import BINARY_SET, training_dataset
from braintumor.evaluation.entries import bootstrap_ci, mean_with_ci
from braintumor.evaluation.metrics import roc_pr_auc
from braintumor.evaluation.outside_set import (
    EXTERNAL_FOLDER,
    EXTERNAL_LABELS,
    has_external_set,
    index_external_images,
    select_new_tumors,
)
from braintumor.evaluation.subject import CheckResult, NotMeasurableError, StudyContext
from braintumor.inference.fusion import tumor_log_odds
from braintumor.inference.outputs import Outputs
from braintumor.inference.verdict import predicted_class, tumor_probability
from braintumor.vocabulary import NO_TUMOR_INDEX, Verdict

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def measure_external(context: StudyContext) -> CheckResult:
    """Score the new `yes` pictures of `inputs/brain-tumor-yes-no` against the no-tumour scans of the test split.

    A cluster of near copies counts once, and is a group of the intervals. The metrics are the split `outside`:
    `roc_auc` of the tumour probability, `roc_auc@by:label` and `roc_auc@by:mask` of the class head's and the mask's
    evidence alone; `tumor_sensitivity`, `called`, `called_or_uncertain` and `refused` of the pictures,
    `tumor_specificity` and `false_alarms` of the healthy scans.

    Raises
    ------
    NotMeasurableError
        The pictures are not there.
    """
    folder = context.settings.inputs / EXTERNAL_FOLDER
    if training_dataset(context.card.raw) == BINARY_SET:
        raise NotMeasurableError("This version learnt from these very pictures: to it they are not outside.")
    if not has_external_set(context.settings):
        raise NotMeasurableError(
            f"There are no outside pictures: inputs/{EXTERNAL_FOLDER} with folders yes and no is absent."
        )
    facts = index_external_images(context.data.manifest, context.settings)
    chosen = select_new_tumors(facts)
    frames, _ = context.load_inputs([folder / path for path in chosen["path"]])
    outputs, probabilities, verdicts = context.predict(frames)
    healthy = np.flatnonzero(context.test_predictions.labels == NO_TUMOR_INDEX)
    truth = np.arange(len(frames) + len(healthy)) < len(frames)
    both = Outputs.concat([outputs, context.test_predictions.outputs.select(healthy)])
    calibrated = np.concatenate([probabilities, context.test_predictions.calibrated[healthy]])
    tumor = tumor_probability(calibrated)
    found = score_external(
        truth,
        scores={"": tumor, "@by:label": tumor_log_odds(both.logits), "@by:mask": both.mask_log_odds()},
        verdicts=np.concatenate([verdicts, context.test_predictions.verdicts[healthy]]),
        groups=np.concatenate([chosen["group"].to_numpy(object), context.test_predictions.groups[healthy]]),
        replicates=context.replicates,
        predicted=predicted_class(calibrated, context.card.binary_threshold) != NO_TUMOR_INDEX,
    )
    found.facts.update(
        {f"{label}{part}": int(((facts["label"] == label) & mask).sum())
         for label in EXTERNAL_LABELS for part, mask in (("", facts["bits"] >= 0), ("_new", facts["new"]))}
    )  # fmt: skip
    found.facts["clusters"] = int(chosen["cluster"].nunique())
    return found


def score_external(
    truth: Flags,
    scores: Mapping[str, Floats | None],
    verdicts: NDArray[np.object_],
    groups: NDArray[np.object_],
    replicates: int,
    predicted: Flags | None = None,
) -> CheckResult:
    """Findings on outside pictures (where `truth`) and held-out healthy scans (where not).

    Parameters
    ----------
    scores : mapping
        Evidence of tumour by the name its area gets, the tumour probability under `""`; None is left out.
    said : ndarray of bool, shape (n,), optional
        Whether the likeliest answer is tumour; sensitivity and specificity are of it.
    """
    sizes = {group: np.count_nonzero(groups == group) for group in set(groups[truth])}
    once = np.array([1.0 / sizes.get(group, 1) for group in groups])
    known = {name: values for name, values in scores.items() if values is not None}

    def measure(weights: Floats) -> dict[str, float]:
        return {f"roc_auc{name}": roc_pr_auc(truth, values, weights * once)[0] for name, values in known.items()}

    called, unsure = verdicts == Verdict.TUMOR_SUSPECTED, verdicts == Verdict.UNCERTAIN
    columns = {
        "called": np.where(truth, called, np.nan),
        "called_or_uncertain": np.where(truth, called | unsure, np.nan),
        "refused": np.where(truth, verdicts == Verdict.NOT_BRAIN_MRI, np.nan),
        "false_alarms": np.where(truth, np.nan, called),
    }
    if predicted is not None:
        columns |= {
            "tumor_sensitivity": np.where(truth, predicted, np.nan), "tumor_specificity": np.where(truth, np.nan, ~predicted)
        }  # fmt: skip
    strata = truth.astype(np.int64)
    entries = bootstrap_ci(measure, {}, groups, strata, replicates)
    return CheckResult(entries | mean_with_ci(columns, groups, strata, replicates, weights=once))
