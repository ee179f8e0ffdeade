"""Subgroups: scores by plane, origin and tumour size, where a good average could hide a weak spot."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.evaluation.answered import answered
from braintumor.evaluation.entries import sliced, slices_of

Floats = NDArray[np.float64]
Slices = dict[str, NDArray[np.bool_]]

SIZES: Final = ("small", "medium", "large")


def subgroup_columns(labels: NDArray[np.int64], calibrated: Floats, slices: Slices) -> dict[str, Floats]:
    """Accuracy, tumour sensitivity and tumour specificity of the likeliest class, scan by scan, for each slice."""
    return sliced(answered(labels, calibrated, None), slices)


def subgroup_slices(manifest: pd.DataFrame, masks: NDArray[np.uint8] | None) -> Slices:
    """Slices `@plane:...`, `@origin:...` and, where outlines are known, `@size:...` of the scans of a manifest.

    Parameters
    ----------
    manifest : DataFrame
        Needs `plane` and `origin`.
    masks : ndarray of uint8, shape (n, height, width), or None
        Outlines on the model's frame, in the manifest's order.
    """
    slices: Slices = {}
    for kind in ("plane", "origin"):
        values = manifest[kind].to_numpy(object)
        slices |= slices_of(kind, values, sorted(set(values)))
    if masks is not None and masks.any():
        slices |= slices_of("size", size_names(masks), SIZES)
    return slices


def size_names(masks: NDArray[np.uint8]) -> NDArray[np.object_]:
    """Tercile of each outlined tumour by its share of the frame, in words; empty where there is no outline."""
    areas = masks.mean(axis=(1, 2))
    outlined = areas > 0
    edges = np.quantile(areas[outlined], [1 / 3, 2 / 3])
    return np.where(outlined, np.array(SIZES, object)[np.searchsorted(edges, areas)], "")
