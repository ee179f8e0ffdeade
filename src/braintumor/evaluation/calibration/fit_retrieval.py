"""Fit the index of similar training scans, and measure how often retrieved scans have the right class."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, TUMOR_LABEL, UNKNOWN_TYPE_INDEX, Split, TumorClass
from braintumor.evaluation.metrics.bootstrap import mean_with_ci
from braintumor.inference.outputs import Outputs
from braintumor.inference.retrieval import SimilarScanIndex, project_to_unit_length, retrieval_features
from braintumor.training.inputs.data import TrainingData

_MAX_COMPONENTS: Final = 64
SIMILAR_COUNT: Final = 5


def fit_similar_scan_index(data: TrainingData, outputs: Outputs) -> SimilarScanIndex | None:
    """Build the index over the training split; None if the model has no features to compare.

    Parameters
    ----------
    outputs : Outputs
        Of all images of `data`, in their order.
    """
    rows = data.split_rows(Split.TRAIN)
    features = retrieval_features(outputs.select(rows), data.model_inputs[rows])
    if features is None:
        return None
    mean, scale = features.mean(axis=0).astype(np.float32), (features.std(axis=0) + 1e-6).astype(np.float32)
    _, _, axes = np.linalg.svd((features - mean) / scale, full_matrices=False)
    axes = axes[:_MAX_COMPONENTS].astype(np.float16).astype(np.float32)  # the precision of the stored file
    manifest = data.manifest.iloc[rows]
    return SimilarScanIndex(
        mean,
        scale,
        axes,
        project_to_unit_length(features, mean, scale, axes),
        data.labels[rows].astype(np.int8),
        manifest["group"].to_numpy(str),
        manifest["path"].to_numpy(str),
    )


def measure_retrieval(index: SimilarScanIndex, data: TrainingData, outputs: Outputs) -> dict[str, Any]:
    """Compute the card's section about an index: the share of retrieved scans with the class of the test scan.

    Returns
    -------
    dict
        `scans` and `groups` in the index; `nearest`, the share of test scans whose most similar scan has their class;
        `among_five`, the mean share among the five most similar; `nearest/glioma` and so on, by class.
    """
    rows = data.split_rows(Split.TEST)
    features = retrieval_features(outputs.select(rows), data.model_inputs[rows])
    assert features is not None  # the index was built from them
    labels = data.labels[rows]
    is_same = np.array([_is_same_class(index, row, label) for row, label in zip(features, labels, strict=True)])
    columns = {"nearest": is_same[:, 0], "among_five": np.nanmean(is_same, axis=1)}
    columns |= {f"nearest/{name}": np.where(labels == i, is_same[:, 0], np.nan) for i, name in _class_names(labels)}
    groups = data.manifest["group"].iloc[rows].to_numpy(object)
    return {"scans": len(index.paths), "groups": len(set(index.groups)), **mean_with_ci(columns, groups, labels)}


def _class_names(labels: NDArray[np.int64]) -> list[tuple[int, str]]:
    """Pair class indices and names; any tumour is one class if the types are unknown."""
    if (labels == UNKNOWN_TYPE_INDEX).any():
        return [(NO_TUMOR_INDEX, str(TumorClass.NOTUMOR)), (UNKNOWN_TYPE_INDEX, TUMOR_LABEL)]
    return [(i, str(c)) for i, c in enumerate(CLASSES)]


def _is_same_class(index: SimilarScanIndex, features: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Mark which of the most similar scans have a class, NaN if there are fewer groups; shape (5,)."""
    truth = None if label == UNKNOWN_TYPE_INDEX else CLASSES[label]
    matches = [float(scan.label is truth) for scan in index.most_similar(features, SIMILAR_COUNT)]
    return np.array(matches + [np.nan] * (SIMILAR_COUNT - len(matches)))
