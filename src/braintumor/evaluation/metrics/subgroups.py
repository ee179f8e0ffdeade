"""Scores by plane, source dataset and tumour size, where a good average could hide a weakness."""

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
    """Score accuracy, tumour sensitivity and tumour specificity of each scan for each subgroup."""
    return by_subgroup(correctness(labels, calibrated, None), subgroups)


def manifest_subgroups(manifest: pd.DataFrame, masks: NDArray[np.uint8] | None) -> SubgroupMasks:
    """Select subgroups `@plane:...`, `@origin:...` and, if masks are available, `@size:...` of the scans of a manifest.

    Parameters
    ----------
    manifest : DataFrame
        Needs `plane` and `origin`.
    masks : ndarray of uint8, shape (n, height, width), or None
        Reference masks in model-input coordinates, in manifest order.
    """
    subgroups: SubgroupMasks = {}
    for attribute in ("plane", "origin"):
        values = manifest[attribute].to_numpy(object)
        subgroups |= subgroup_masks(attribute, values, sorted(set(values)))
    if masks is not None and masks.any():
        subgroups |= subgroup_masks("size", tumor_size_terciles(masks), SIZES)
    return subgroups


def tumor_size_terciles(masks: NDArray[np.uint8]) -> NDArray[np.object_]:
    """Return the size tercile of each tumour by its share of the image; an empty string without a mask."""
    tumor_shares = masks.mean(axis=(1, 2))
    has_mask = tumor_shares > 0
    edges = np.quantile(tumor_shares[has_mask], [1 / 3, 2 / 3])
    return np.where(has_mask, np.array(SIZES, object)[np.searchsorted(edges, tumor_shares)], "")
