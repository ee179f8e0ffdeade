"""The outside check: tumours of another collection against held-out healthy scans. Nothing is ever chosen on it."""

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.binary_set import binary_set_folder, binary_set_paths, read_binary_set
from braintumor.datasets.catalog import BINARY_SET, training_dataset
from braintumor.datasets.near_duplicates import MAX_DISTANCE, read_file_metadata
from braintumor.enums import NO_TUMOR_INDEX, Verdict
from braintumor.evaluation.metrics.bootstrap import bootstrap_ci, mean_with_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.fileio import sha256_file, write_atomically
from braintumor.inference.decision import predicted_class, tumor_log_odds, tumor_probability
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings

EXTERNAL_FOLDER: Final = BINARY_SET.folder
EXTERNAL_LABELS: Final = BINARY_SET.image_folders
_HASH_BITS: Final = 128


def index_external_images(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A row per outside picture, found by hashes as the audit finds twins, and kept in `inputs/.cache`.

    Returns
    -------
    DataFrame
        `path` (relative to the folder), `label` (`yes` or `no`), `bits` (distance in bits to the nearest image of the
        manifest, in any orientation), `new` (farther from all of them than a near copy) and `cluster` (pictures of one
        label that are near copies of each other share it). Pictures that cannot be read are left out.
    """
    folder, paths = binary_set_folder(settings), binary_set_paths(settings)
    content = json.dumps([paths, [sha256_file(folder / path) for path in paths], sorted(manifest["sha256"])])
    cache = settings.cache_folder / f"outside-{hashlib.sha256(content.encode()).hexdigest()[:16]}.csv"
    if not cache.is_file():
        write_atomically(cache, _compute_external_index(manifest, settings).to_csv(index=False, lineterminator="\n"))
    return pd.read_csv(cache, dtype={"path": str, "label": str})


def has_external_set(settings: Settings) -> bool:
    """Whether the outside pictures are there."""
    return all((settings.inputs / EXTERNAL_FOLDER / label).is_dir() for label in EXTERNAL_LABELS)


def select_new_tumors(images: pd.DataFrame) -> pd.DataFrame:
    """The `yes` pictures that are copies of nothing in the manifest, each cluster a `group` of its own name."""
    chosen = images[images["new"] & (images["label"] == "yes")]
    return chosen.assign(group="outside " + chosen["cluster"].astype(str))


def _compute_external_index(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    read = partial(read_file_metadata, settings.dataset, settings=settings)
    with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
        known = [facts.hashes[0] for facts in pool.map(read, manifest["path"], chunksize=64) if not facts.error]
    pictures = read_binary_set(settings)
    own = pictures.manifest
    bits = nearest_hash_distance(pictures.hashes, np.array(known, np.uint64).reshape(-1, 2))
    return pd.DataFrame(
        {
            "path": own["path"],
            "label": own["path"].str.split("/").str[0],
            "bits": bits,
            "new": bits > MAX_DISTANCE,
            "cluster": pd.factorize(own["group"])[0],
        }
    )


def nearest_hash_distance(
    oriented_hashes: NDArray[np.uint64], reference_hashes: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Smallest distance in bits of each picture, in any of its orientations (n, 8, 2), to any of (m, 2)."""
    found = np.full(len(oriented_hashes), _HASH_BITS, np.int64)
    for i, hashes in enumerate(oriented_hashes):
        bits = np.bitwise_count(hashes[:, None] ^ reference_hashes[None]).sum(axis=2, dtype=np.int64)
        found[i] = bits.min(initial=_HASH_BITS)
    return found


Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def measure_external(context: StressTestContext) -> CheckResult:
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
