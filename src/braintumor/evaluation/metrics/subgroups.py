"""Subgroups: scores by plane, origin and tumour size, where a good average could hide a weak spot."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.evaluation.metrics.bootstrap import by_subgroup, subgroup_masks
from braintumor.evaluation.metrics.classification import correctness

Floats = NDArray[np.float64]
SubgroupMasks = dict[str, NDArray[np.bool_]]

SIZES: Final = ("small", "medium", "large")


def subgroup_columns(labels: NDArray[np.int64], calibrated: Floats, subgroups: SubgroupMasks) -> dict[str, Floats]:
    """Accuracy, tumour sensitivity and tumour specificity of the likeliest class, scan by scan, for each slice."""
    return by_subgroup(correctness(labels, calibrated, None), subgroups)


def manifest_subgroups(manifest: pd.DataFrame, masks: NDArray[np.uint8] | None) -> SubgroupMasks:
    """Slices `@plane:...`, `@origin:...` and, where outlines are known, `@size:...` of the scans of a manifest.

    Parameters
    ----------
    manifest : DataFrame
        Needs `plane` and `origin`.
    masks : ndarray of uint8, shape (n, height, width), or None
        Outlines on the model's frame, in the manifest's order.
    """
    slices: SubgroupMasks = {}
    for kind in ("plane", "origin"):
        values = manifest[kind].to_numpy(object)
        slices |= subgroup_masks(kind, values, sorted(set(values)))
    if masks is not None and masks.any():
        slices |= subgroup_masks("size", tumor_size_terciles(masks), SIZES)
    return slices


def tumor_size_terciles(masks: NDArray[np.uint8]) -> NDArray[np.object_]:
    """Tercile of each outlined tumour by its share of the frame, in words; empty where there is no outline."""
    areas = masks.mean(axis=(1, 2))
    outlined = areas > 0
    edges = np.quantile(areas[outlined], [1 / 3, 2 / 3])
    return np.where(outlined, np.array(SIZES, object)[np.searchsorted(edges, areas)], "")
