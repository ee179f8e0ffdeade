"""Weights of slices, so that the source of a slice says little about its label."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import OTHER_LESION_LABEL, TumorClass


def source_balanced_weights(manifest: pd.DataFrame) -> NDArray[np.float64]:
    """Compute weights with which sources count more evenly, and both labels of a source the same.

    A source has a share in proportion to the square root of its number of images. Within a source that has both labels,
    each label has half of it. An image of a patient with many slices counts as much as any other.

    Parameters
    ----------
    manifest : DataFrame
        Columns `origin` and `label`, one row per image.

    Returns
    -------
    ndarray of float64, shape (n,)
        Weights that sum to 1.

    Examples
    --------
    A source with 4 images, one of them without tumour, and a source with 1:

    >>> labels = ["glioma", "glioma", "glioma", "notumor", "notumor"]
    >>> source_balanced_weights(pd.DataFrame({"origin": ["a"] * 4 + ["b"], "label": labels})).round(2).tolist()
    [0.11, 0.11, 0.11, 0.33, 0.33]
    """
    is_tumor = _is_tumor(manifest)
    by_source = is_tumor.groupby(manifest["origin"])
    source_size, label_count = by_source.transform("size"), by_source.transform("nunique")
    label_size = is_tumor.groupby([manifest["origin"], is_tumor]).transform("size")
    weights = np.sqrt(np.asarray(source_size)) / (np.asarray(label_count) * np.asarray(label_size))
    return np.asarray(weights / weights.sum(), np.float64)


def equal_source_weights(manifest: pd.DataFrame) -> NDArray[np.float64]:
    """Compute weights with which each source of tumours counts the same, and each source of slices without one.

    Parameters
    ----------
    manifest : DataFrame
        Columns `origin` and `label`, one row per training image.

    Returns
    -------
    ndarray of float64, shape (n,)
        Positive weights that sum to 1, half of it for tumours if there are both.

    Examples
    --------
    >>> labels = ["glioma", "glioma", "glioma", "notumor"]
    >>> equal_source_weights(pd.DataFrame({"origin": ["a", "a", "b", "b"], "label": labels})).tolist()
    [0.125, 0.125, 0.25, 0.5]
    """
    is_tumor = _is_tumor(manifest)
    by_source = is_tumor.groupby([manifest["origin"], is_tumor]).transform("size")
    weights = 1.0 / np.asarray(by_source, np.float64)
    totals = pd.Series(weights, manifest.index).groupby(is_tumor).transform("sum")
    weights /= np.asarray(totals)
    return np.asarray(weights / weights.sum(), np.float64)


def _is_tumor(manifest: pd.DataFrame) -> "pd.Series[bool]":
    return ~manifest["label"].isin([str(TumorClass.NOTUMOR), OTHER_LESION_LABEL])
