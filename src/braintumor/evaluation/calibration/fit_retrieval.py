"""Retrieval: the index of known scans a version keeps, and how often what it finds is of the right class."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, TUMOR_LABEL, UNKNOWN_TYPE_INDEX, Split, TumorClass
from braintumor.evaluation.metrics.bootstrap import mean_with_ci
from braintumor.inference.outputs import Outputs
from braintumor.inference.retrieval import SimilarScanIndex, project_to_unit_length, retrieval_features
from braintumor.training.data import TrainingData

_MAX_COMPONENTS: Final = 64
SIMILAR_COUNT: Final = 5


def fit_similar_scan_index(data: TrainingData, outputs: Outputs) -> SimilarScanIndex | None:
    """The index over the training split; None for a version that gives nothing to compare by.

    Parameters
    ----------
    outputs : Outputs
        Of every frame of `data`, in its order.
    """
    rows = data.split_rows(Split.TRAIN)
    seen = retrieval_features(outputs.select(rows), data.model_inputs[rows])
    if seen is None:
        return None
    mean, scale = seen.mean(axis=0).astype(np.float32), (seen.std(axis=0) + 1e-6).astype(np.float32)
    _, _, axes = np.linalg.svd((seen - mean) / scale, full_matrices=False)
    axes = axes[:_MAX_COMPONENTS].astype(np.float16).astype(np.float32)  # as they are kept
    known = data.manifest.iloc[rows]
    return SimilarScanIndex(
        mean,
        scale,
        axes,
        project_to_unit_length(seen, mean, scale, axes),
        data.labels[rows].astype(np.int8),
        known["group"].to_numpy(str),
        known["path"].to_numpy(str),
    )


def measure_retrieval(index: SimilarScanIndex, data: TrainingData, outputs: Outputs) -> dict[str, Any]:
    """What the card says of an index: shares of neighbours of test scans that are of their class, with intervals.

    Returns
    -------
    dict
        `scans` and `groups` in the index; `nearest`, the share of test scans whose nearest known scan is of their
        class; `among_five`, the mean share of the five nearest that are; `nearest/glioma` and so on, by class.
    """
    rows = data.split_rows(Split.TEST)
    seen = retrieval_features(outputs.select(rows), data.model_inputs[rows])
    assert seen is not None  # there is an index
    labels = data.labels[rows]
    right = np.array([_is_same_class(index, one, label) for one, label in zip(seen, labels, strict=True)])
    columns = {"nearest": right[:, 0], "among_five": np.nanmean(right, axis=1)}
    columns |= {f"nearest/{c}": np.where(labels == i, right[:, 0], np.nan) for i, c in _class_names(labels)}
    groups = data.manifest["group"].iloc[rows].to_numpy(object)
    return {"scans": len(index.paths), "groups": len(set(index.groups)), **mean_with_ci(columns, groups, labels)}


def _class_names(labels: NDArray[np.int64]) -> list[tuple[int, str]]:
    """Numbers and names of the classes, of any tumour where nobody said the kinds."""
    if (labels == UNKNOWN_TYPE_INDEX).any():
        return [(NO_TUMOR_INDEX, str(TumorClass.NOTUMOR)), (UNKNOWN_TYPE_INDEX, TUMOR_LABEL)]
    return [(i, str(c)) for i, c in enumerate(CLASSES)]


def _is_same_class(index: SimilarScanIndex, features: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Which of the nearest are of a class, NaN where there are fewer groups than are asked for; shape (5,)."""
    truth = None if label == UNKNOWN_TYPE_INDEX else CLASSES[label]
    found = [float(one.label is truth) for one in index.most_similar(features, SIMILAR_COUNT)]
    return np.array(found + [np.nan] * (SIMILAR_COUNT - len(found)))
