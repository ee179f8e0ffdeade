"""The scans that a model is calibrated on: its validation split, or with folds, slices of sources it has not seen."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import NO_CLASS_INDEX, NO_TUMOR_INDEX, Split
from braintumor.evaluation.calibration.out_of_fold import left_out_slices, read_out_of_fold, reduce_outputs, to_outputs
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings
from braintumor.text import join_words, pluralize
from braintumor.training.inputs.all_data import external_labels
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.sampling import source_balanced_weights

# Fewest tumours, or scans without one, for the rate of a single source.
_MIN_SCANS: Final = 10


@dataclass(frozen=True, slots=True)
class CalibrationScans:
    """Scans with the outputs that calibration is fitted to.

    Attributes
    ----------
    manifest : DataFrame
        `origin`, `label`, `group` and `is_left_out`: whether the outputs are out-of-fold.
    labels : ndarray of int64, shape (n,)
    outputs : Outputs
        As from `reduce_outputs`, without features.
    weights : ndarray of float64, shape (n,), optional
        With external sets, from `source_balanced_weights`: a source has weight in proportion to the square root of its
        number of scans, split equally between tumours and tumour-free scans if it has both. The class layer is fitted
        with `equal_source_weights` instead.
    data : TrainingData
        All images; its validation split has only the scans whose outputs are not out-of-fold.
    """

    manifest: pd.DataFrame
    labels: NDArray[np.int64]
    outputs: Outputs
    weights: NDArray[np.float64] | None
    data: TrainingData

    @property
    def has_left_out(self) -> bool:
        """Whether some sources were held out in folds."""
        return bool(self.manifest["is_left_out"].any())

    def describe(self) -> str:
        """Describe the scans for the model card."""
        count, groups = len(self.data.split_rows(Split.VALIDATION)), self.data.count_groups()[str(Split.VALIDATION)]
        text = f"{count} validation images of {groups} groups"
        if not self.has_left_out:
            return text
        left_out = self.manifest[self.manifest["is_left_out"]]
        return (
            f"{text}, and {len(left_out)} training and validation images of {left_out['group'].nunique()} groups of "
            f"{pluralize(left_out['origin'].nunique(), 'source')}, each read by a network trained without its source "
            "(cross-conformal, with folds over sources; Vovk 2015), weighted by source"
        )

    def describe_rates(self, tumor: NDArray[np.float64], threshold: float) -> str:
        """Describe the shares of left-out scans whose tumour probability (n,) reaches a threshold; empty without any.

        Overall shares are weighted by source. The worst source is one with at least ten scans.
        """
        is_tumor, weights = self.labels != NO_TUMOR_INDEX, np.ones(len(tumor)) if self.weights is None else self.weights
        table = self.manifest.assign(is_above=tumor >= threshold, is_tumor=is_tumor, weight=weights)
        table, shares = table[table["is_left_out"]], []
        for is_selected, name, lowest_is_worst in (
            (table["is_tumor"], "tumours", True),
            (~table["is_tumor"], "tumour-free images", False),
        ):
            rows = table[is_selected]
            is_large = rows.groupby("origin")["is_above"].transform("size") >= _MIN_SCANS
            by_source = rows[is_large].groupby("origin")["is_above"].mean().sort_values(ascending=lowest_is_worst)
            if len(by_source):
                share = np.average(rows["is_above"], weights=rows["weight"])
                worst = f"{by_source.index[0]}, {by_source.iloc[0]:.1%}"
                shares.append(f"{share:.1%} of the {name} (worst source: {worst})")
        return f" Of the left-out sources, {join_words(shares)} lie at or above `rule_in`." if shares else ""


def load_calibration_scans(folder: Path, data: TrainingData, outputs: Outputs, settings: Settings) -> CalibrationScans:
    """Select the scans that the version in a folder is calibrated on.

    Without `out_of_fold.csv` these are the validation split. With it, the sources that were held out are represented by
    the out-of-fold outputs of their training and validation patients instead. Test patients are never used.

    Parameters
    ----------
    outputs : Outputs
        Of all images of `data`, in their order.
    """
    table = read_out_of_fold(folder)
    left_out = None if table is None else _select_known(left_out_slices(table, settings))
    if left_out is not None:
        is_held_out = data.manifest["origin"].isin(left_out["origin"]) & (data.manifest["split"] == Split.VALIDATION)
        data = replace(data, manifest=data.manifest.assign(split=data.manifest["split"].mask(is_held_out, "")))
    rows = data.split_rows(Split.VALIDATION)
    manifest, labels = data.manifest.iloc[rows].assign(is_left_out=False), data.labels[rows]
    selected = replace(reduce_outputs(outputs.select(rows)), features=None)
    if left_out is not None:
        manifest = pd.concat([manifest, left_out], ignore_index=True)
        labels = np.concatenate([labels, external_labels(left_out)])
        selected = Outputs.concat([selected, to_outputs(left_out)])
    weights = source_balanced_weights(manifest) if "licence" in manifest else None
    return CalibrationScans(manifest, labels, selected, weights, data)


def _select_known(slices: pd.DataFrame) -> pd.DataFrame:
    """Select slices of training and validation patients that have a label: those in the brain."""
    is_fitted = slices["split"].isin([str(Split.TRAIN), str(Split.VALIDATION)])
    return slices[is_fitted & (external_labels(slices) != NO_CLASS_INDEX)].reset_index(drop=True)
