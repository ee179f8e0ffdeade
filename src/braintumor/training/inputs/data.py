"""Images, labels, masks and splits of a training run, with a fingerprint that identifies them."""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.binary_set import load_binary_manifest
from braintumor.datasets.catalog import BINARY_SET
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.masks import MASKS_LICENCE, MASKS_SOURCE
from braintumor.datasets.splits import assign_splits, hold_out_sources, subsample_groups
from braintumor.datasets.stored_turns import make_upright
from braintumor.enums import (
    CLASS_NAMES,
    TUMOR_LABEL,
    UNKNOWN_TYPE_INDEX,
    Protocol,
    Split,
)
from braintumor.errors import DatasetError
from braintumor.imaging import InputSpec
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.input_cache import load_input_masks, load_model_inputs

# One seed for all runs of the protocols `official` and `random`, so that their splits are always the same.
COMPARISON_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Images, labels and splits of one training run.

    Attributes
    ----------
    manifest : DataFrame
        One row per image, in the order of `model_inputs`; its column `split` is that of the protocol.
    model_inputs : ndarray of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)
        Index in the fixed class order, `UNKNOWN_TYPE_INDEX`, or `NO_CLASS_INDEX` for images in no split.
    masks : ndarray of uint8, shape (n, height, width), optional
        1 where there is tumour; None if they were not loaded.
    mask_known : ndarray of bool, shape (n,), optional
        Whether the mask is the reference: outlined, or no tumour to outline.
    """

    manifest: pd.DataFrame
    model_inputs: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.uint8] | None = None
    mask_known: NDArray[np.bool_] | None = None

    def split_rows(self, split: Split | str) -> NDArray[np.int64]:
        """Return the row numbers of a split, or of `HOLDOUT_SPLIT`."""
        return np.flatnonzero((self.manifest["split"] == str(split)).to_numpy())

    def upright_inputs(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the model inputs of some rows, turned where the manifest says that they are stored upside down."""
        if "stored_turn" not in self.manifest:
            return self.model_inputs[rows]
        return make_upright(self.model_inputs[rows], self.manifest["stored_turn"].to_numpy(np.int64)[rows])

    def select(self, indices: NDArray[np.int64]) -> "TrainingData":
        """Return the images of some rows, in the order of `indices`."""
        arrays = {name: getattr(self, name) for name in ("masks", "mask_known")}
        selected = {name: None if values is None else values[indices] for name, values in arrays.items()}
        manifest = self.manifest.iloc[indices].reset_index(drop=True)
        return TrainingData(manifest, self.model_inputs[indices], self.labels[indices], **selected)

    def fingerprint(self) -> str:
        """Hash the content, label and split of every image."""
        return fingerprint_manifest(self.manifest)

    def count_images(self) -> dict[str, dict[str, int]]:
        """Count images by split and class."""
        counts = self.manifest[["split", "label"]].value_counts().to_dict()
        names: tuple[str, ...] = CLASS_NAMES
        if (self.labels == UNKNOWN_TYPE_INDEX).any():
            typed = tuple(name for name in CLASS_NAMES if (self.manifest["label"] == name).any())
            names = (*typed, TUMOR_LABEL)
        return {str(split): {name: int(counts.get((str(split), name), 0)) for name in names} for split in Split}

    def list_licences(self) -> dict[str, str]:
        """Return the licence (SPDX) of each source of images and masks, by name; empty without external sets."""
        if "licence" not in self.manifest:
            return {}
        training = self.manifest[self.manifest["split"] == str(Split.TRAIN)]
        licences = dict(zip(training["origin"], training["licence"], strict=True))
        masks = {} if self.masks is None else {MASKS_SOURCE: MASKS_LICENCE}
        return dict(sorted((licences | masks).items()))

    def count_groups(self) -> dict[str, int]:
        """Count patient groups by split."""
        return {str(split): int(self.manifest["group"].iloc[self.split_rows(split)].nunique()) for split in Split}


def fingerprint_manifest(manifest: pd.DataFrame) -> str:
    """Hash the content, label and split of every image of a manifest, in any order."""
    rows = manifest[["sha256", "label", "split"]].agg(",".join, axis=1).sort_values()
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def manifest_with_split(protocol: Protocol, settings: Settings | None = None) -> pd.DataFrame:
    """Read the manifest with the split of a protocol.

    Raises
    ------
    DatasetError
        There is no manifest, or it has no split yet.
    """
    manifest = read_manifest(settings)
    if protocol is not Protocol.GROUP:
        return manifest.assign(split=assign_splits(manifest, protocol, COMPARISON_SEED))
    if (manifest["split"] == "").any():
        raise DatasetError("The images are not split yet. Run: braintumor data split")
    return manifest


def manifest_for_recipe(
    protocol: Protocol,
    settings: Settings | None = None,
    *,
    holdout_sources: tuple[str, ...] = (),
    train_fraction: float = 1.0,
) -> pd.DataFrame:
    """Read the manifest with the split of a training run; see `load_training_data` for the parameters."""
    manifest = manifest_with_split(protocol, settings)
    if holdout_sources:
        manifest = hold_out_sources(manifest, holdout_sources)
    return subsample_groups(manifest, train_fraction, COMPARISON_SEED) if train_fraction < 1 else manifest


def load_training_data(
    input_spec: InputSpec,
    protocol: Protocol = Protocol.GROUP,
    settings: Settings | None = None,
    *,
    with_masks: bool = False,
    holdout_sources: tuple[str, ...] = (),
    train_fraction: float = 1.0,
) -> TrainingData:
    """Load the four-class image set, from the cache if possible, with the split of a protocol.

    Parameters
    ----------
    holdout_sources : tuple of str
        Source datasets whose tumours go to `HOLDOUT_SPLIT`. Other images of their groups are in no split.
    train_fraction : float
        Fraction of the training groups of each class; smaller fractions are subsets of larger ones.
    """
    settings = settings or get_settings()
    manifest = manifest_for_recipe(protocol, settings, holdout_sources=holdout_sources, train_fraction=train_fraction)
    labels = np.array([CLASS_NAMES.index(label) for label in manifest["label"]], np.int64)
    masks, mask_known = load_input_masks(manifest, input_spec, settings) if with_masks else (None, None)
    return TrainingData(manifest, load_model_inputs(manifest, input_spec, settings), labels, masks, mask_known)


def load_binary_data(input_spec: InputSpec, protocol: Protocol, settings: Settings | None = None) -> TrainingData:
    """Load the binary (yes/no) image set, from the cache if possible, with the split of a protocol.

    Labels are the index of "no tumour" in the fixed class order, or `UNKNOWN_TYPE_INDEX` for images with a tumour.

    Raises
    ------
    DatasetError
        The set is missing, or the protocol is `official`, which it does not have.
    """
    settings = settings or get_settings()
    manifest = load_binary_manifest(protocol, settings, COMPARISON_SEED)
    indices = {label: index for index, label in enumerate(CLASS_NAMES)}
    labels = np.array([indices.get(label, UNKNOWN_TYPE_INDEX) for label in manifest["label"]], np.int64)
    return TrainingData(manifest, load_model_inputs(manifest, input_spec, settings, BINARY_SET), labels)
