"""The outside check: tumours of another collection against held-out healthy scans. Nothing is ever chosen on it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from braintumor.dataset.sets import YES_NO, learnt_from
from braintumor.evaluation.entries import means, with_intervals
from braintumor.evaluation.metrics import areas
from braintumor.evaluation.outside_set import FOLDER, LABELS, at_hand, new_tumors, outside_facts
from braintumor.evaluation.subject import Findings, NotMeasurableError, Subject
from braintumor.inference.fusion import tumor_log_odds
from braintumor.inference.outputs import Outputs
from braintumor.inference.verdict import likeliest, tumor_probability
from braintumor.vocabulary import HEALTHY_INDEX, Verdict

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def measure_outside(subject: Subject) -> Findings:
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
    folder = subject.settings.inputs / FOLDER
    if learnt_from(subject.card.raw) == YES_NO:
        raise NotMeasurableError("This version learnt from these very pictures: to it they are not outside.")
    if not at_hand(subject.settings):
        raise NotMeasurableError(f"There are no outside pictures: inputs/{FOLDER} with folders yes and no is absent.")
    facts = outside_facts(subject.data.manifest, subject.settings)
    chosen = new_tumors(facts)
    frames, _ = subject.frames_of([folder / path for path in chosen["path"]])
    outputs, probabilities, verdicts = subject.say(frames)
    healthy = np.flatnonzero(subject.test.labels == HEALTHY_INDEX)
    truth = np.arange(len(frames) + len(healthy)) < len(frames)
    both = Outputs.joined([outputs, subject.test.outputs.at(healthy)])
    calibrated = np.concatenate([probabilities, subject.test.calibrated[healthy]])
    tumor = tumor_probability(calibrated)
    found = compare(
        truth,
        scores={"": tumor, "@by:label": tumor_log_odds(both.logits), "@by:mask": both.mask_evidence()},
        verdicts=np.concatenate([verdicts, subject.test.verdicts[healthy]]),
        groups=np.concatenate([chosen["group"].to_numpy(object), subject.test.groups[healthy]]),
        replicates=subject.replicates,
        said=likeliest(calibrated, subject.card.decision) != HEALTHY_INDEX,
    )
    found.facts.update(
        {f"{label}{part}": int(((facts["label"] == label) & mask).sum())
         for label in LABELS for part, mask in (("", facts["bits"] >= 0), ("_new", facts["new"]))}
    )  # fmt: skip
    found.facts["clusters"] = int(chosen["cluster"].nunique())
    return found


def compare(
    truth: Flags,
    scores: Mapping[str, Floats | None],
    verdicts: NDArray[np.object_],
    groups: NDArray[np.object_],
    replicates: int,
    said: Flags | None = None,
) -> Findings:
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
        return {f"roc_auc{name}": areas(truth, values, weights * once)[0] for name, values in known.items()}

    called, unsure = verdicts == Verdict.TUMOR_SUSPECTED, verdicts == Verdict.UNCERTAIN
    columns = {
        "called": np.where(truth, called, np.nan),
        "called_or_uncertain": np.where(truth, called | unsure, np.nan),
        "refused": np.where(truth, verdicts == Verdict.NOT_BRAIN_MRI, np.nan),
        "false_alarms": np.where(truth, np.nan, called),
    }
    if said is not None:
        columns |= {
            "tumor_sensitivity": np.where(truth, said, np.nan), "tumor_specificity": np.where(truth, np.nan, ~said)
        }  # fmt: skip
    strata = truth.astype(np.int64)
    entries = with_intervals(measure, {}, groups, strata, replicates)
    return Findings(entries | means(columns, groups, strata, replicates, weights=once))
