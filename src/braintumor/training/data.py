"""Images, labels, masks and splits of a training run, with a fingerprint that identifies them."""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.binary_set import load_binary_manifest
from braintumor.datasets.catalog import BINARY_SET
from braintumor.datasets.external.manifest import join_manifests, read_external_manifest
from braintumor.datasets.external.sets import EXTERNAL_SET, allows_licence
from braintumor.datasets.external.volume_slices import OUTSIDE
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.splits import assign_splits, hold_out_source, subsample_groups
from braintumor.enums import (
    CLASS_NAMES,
    NO_CLASS_INDEX,
    TUMOR_LABEL,
    UNKNOWN_TYPE_INDEX,
    Protocol,
    Split,
)
from braintumor.errors import DatasetError
from braintumor.imaging import InputSpec
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.frame_cache import load_input_masks, load_model_inputs

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

    def select(self, indices: NDArray[np.int64]) -> "TrainingData":
        """Return the images of some rows, in the order of `indices`."""
        masks = None if self.masks is None else self.masks[indices]
        mask_known = None if self.mask_known is None else self.mask_known[indices]
        manifest = self.manifest.iloc[indices].reset_index(drop=True)
        return TrainingData(manifest, self.model_inputs[indices], self.labels[indices], masks, mask_known)

    def fingerprint(self) -> str:
        """Hash the content, label and split of every image."""
        return fingerprint_manifest(self.manifest)

    def count_images(self) -> dict[str, dict[str, int]]:
        """Count images by split and class."""
        counts = self.manifest[["split", "label"]].value_counts().to_dict()
        names: tuple[str, ...] = CLASS_NAMES
        if (self.labels == UNKNOWN_TYPE_INDEX).any():
            known = tuple(name for name in CLASS_NAMES if (self.manifest["label"] == name).any())
            names = (*known, TUMOR_LABEL)
        return {str(split): {name: int(counts.get((str(split), name), 0)) for name in names} for split in Split}

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
    protocol: Protocol, settings: Settings | None = None, *, holdout_source: str = "", train_fraction: float = 1.0
) -> pd.DataFrame:
    """Read the manifest with the split of a training run; see `load_training_data` for the parameters."""
    manifest = manifest_with_split(protocol, settings)
    if holdout_source:
        manifest = hold_out_source(manifest, holdout_source)
    return subsample_groups(manifest, train_fraction, COMPARISON_SEED) if train_fraction < 1 else manifest


def load_data(
    recipe: Recipe, protocol: Protocol, settings: Settings | None = None, *, with_masks: bool | None = None
) -> TrainingData:
    """Load the images of a recipe.

    Parameters
    ----------
    with_masks : bool, optional
        Load tumour masks; by default if the recipe has a mask section.
    """
    input_spec = recipe.input.to_input_spec()
    with_masks = recipe.mask is not None if with_masks is None else with_masks
    if recipe.data == "yes-no":
        return load_binary_data(input_spec, protocol, settings)
    if recipe.data == "all":
        return load_all_data(recipe, protocol, settings, with_masks=with_masks)
    return load_training_data(
        input_spec,
        protocol,
        settings,
        with_masks=with_masks,
        holdout_source=recipe.holdout_source,
        train_fraction=recipe.train_fraction,
    )


def load_training_data(
    input_spec: InputSpec,
    protocol: Protocol = Protocol.GROUP,
    settings: Settings | None = None,
    *,
    with_masks: bool = False,
    holdout_source: str = "",
    train_fraction: float = 1.0,
) -> TrainingData:
    """Load the four-class image set, from the cache if possible, with the split of a protocol.

    Parameters
    ----------
    holdout_source : str
        Source dataset whose tumours go to `HOLDOUT_SPLIT`. Other images of their groups are in no split.
    train_fraction : float
        Fraction of the training groups of each class; smaller fractions are subsets of larger ones.
    """
    settings = settings or get_settings()
    manifest = manifest_for_recipe(protocol, settings, holdout_source=holdout_source, train_fraction=train_fraction)
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


def load_external_data(
    input_spec: InputSpec, settings: Settings | None = None, *, with_masks: bool = False
) -> TrainingData:
    """Load all external images, from the cache if possible, with their split by patient, whatever their licence.

    Lesions that are no tumour, and slices outside the brain, have the label `NO_CLASS_INDEX`.

    Raises
    ------
    DatasetError
        There is no manifest of the external sets, or an image of it is missing.
    """
    settings = settings or get_settings()
    manifest = read_external_manifest(settings)
    indices = {name: index for index, name in enumerate((*CLASS_NAMES, TUMOR_LABEL))}
    labels = np.array([indices.get(label, NO_CLASS_INDEX) for label in manifest["label"]], np.int64)
    labels[manifest["field"] == OUTSIDE] = NO_CLASS_INDEX
    masks, known = load_input_masks(manifest, input_spec, settings, EXTERNAL_SET) if with_masks else (None, None)
    return TrainingData(manifest, load_model_inputs(manifest, input_spec, settings, EXTERNAL_SET), labels, masks, known)


def load_all_data(
    recipe: Recipe, protocol: Protocol, settings: Settings | None = None, *, with_masks: bool = False
) -> TrainingData:
    """Load the Kaggle set with the external images whose licence the recipe allows, in this order.

    The manifest is that of `join_manifests`, and its further column `patient_split` has the split of every image.
    `split` is empty for images without a class, and in validation and test for tumours of unknown type, because
    metrics of four classes cannot count them. Of a held-out source all images are held out, not only the tumours.

    Raises
    ------
    DatasetError
        A set or its manifest is missing, or the protocol is not `group`, the only one of the external sets.
    """
    if protocol is not Protocol.GROUP:
        raise DatasetError(f"The external sets are split by patient only: use the protocol {Protocol.GROUP}.")
    spec = recipe.input.to_input_spec()
    kaggle = load_training_data(spec, protocol, settings, with_masks=with_masks)
    external = load_external_data(spec, settings, with_masks=with_masks)
    is_allowed = external.manifest["licence"].map(lambda licence: allows_licence(licence, recipe.licences))
    data = _concatenate(kaggle, external.select(np.flatnonzero(is_allowed)))
    manifest = data.manifest.assign(patient_split=data.manifest["split"])
    is_train = manifest["split"] == str(Split.TRAIN)
    has_no_target = (data.labels == NO_CLASS_INDEX) | ((data.labels == UNKNOWN_TYPE_INDEX) & ~is_train)
    manifest["split"] = manifest["split"].mask(has_no_target, "")
    if recipe.holdout_source:
        manifest = hold_out_source(manifest, recipe.holdout_source, tumors_only=False)
    if recipe.train_fraction < 1:
        manifest = subsample_groups(manifest, recipe.train_fraction, COMPARISON_SEED)
    return replace(data, manifest=manifest)


def _concatenate(kaggle: TrainingData, external: TrainingData) -> TrainingData:
    manifest = join_manifests(kaggle.manifest, external.manifest)
    model_inputs = np.concatenate([kaggle.model_inputs, external.model_inputs])
    labels = np.concatenate([kaggle.labels, external.labels])
    if kaggle.masks is None or external.masks is None or kaggle.mask_known is None or external.mask_known is None:
        return TrainingData(manifest, model_inputs, labels)
    masks = np.concatenate([kaggle.masks, external.masks])
    return TrainingData(manifest, model_inputs, labels, masks, np.append(kaggle.mask_known, external.mask_known))
