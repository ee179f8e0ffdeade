"""Training data of the Kaggle set and the external sets together."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.ct_slices import find_ct_slices
from braintumor.datasets.external.manifest import join_manifests, read_external_manifest
from braintumor.datasets.external.sets import EXTERNAL_SET, allows_licence
from braintumor.datasets.external.volume_slices import OUTSIDE
from braintumor.datasets.splits import hold_out_sources, subsample_groups
from braintumor.datasets.stored_turns import read_stored_turns
from braintumor.enums import (
    CLASS_NAMES,
    NO_CLASS_INDEX,
    NO_TUMOR_INDEX,
    OTHER_LESION_LABEL,
    TUMOR_LABEL,
    UNKNOWN_TYPE_INDEX,
    Protocol,
    Split,
)
from braintumor.errors import DatasetError
from braintumor.imaging import InputSpec
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.data import COMPARISON_SEED, TrainingData, load_training_data
from braintumor.training.inputs.input_cache import load_input_masks, load_model_inputs


def load_external_data(
    input_spec: InputSpec, settings: Settings | None = None, *, with_masks: bool = False
) -> TrainingData:
    """Load all external images, from the cache if possible, with their split by patient, whatever their licence.

    Lesions that are no tumour count as slices without a tumour. Slices outside the brain have the label
    `NO_CLASS_INDEX`.

    Raises
    ------
    DatasetError
        There is no manifest of the external sets, or an image of it is missing.
    """
    settings = settings or get_settings()
    manifest = read_external_manifest(settings)
    labels = external_labels(manifest)
    model_inputs = load_model_inputs(manifest, input_spec, settings, EXTERNAL_SET)
    if not with_masks:
        return TrainingData(manifest, model_inputs, labels)
    masks, mask_known = load_input_masks(manifest, input_spec, settings, EXTERNAL_SET)
    return TrainingData(manifest, model_inputs, labels, masks, mask_known)


def external_labels(manifest: pd.DataFrame) -> NDArray[np.int64]:
    """Return the class index of each external image; see `load_external_data`."""
    indices = {name: index for index, name in enumerate((*CLASS_NAMES, TUMOR_LABEL))}
    indices[OTHER_LESION_LABEL] = NO_TUMOR_INDEX
    labels = np.array([indices[label] for label in manifest["label"]], np.int64)
    labels[manifest["field"] == OUTSIDE] = NO_CLASS_INDEX
    return labels


def load_all_data(
    recipe: Recipe, protocol: Protocol, settings: Settings | None = None, *, with_masks: bool = False
) -> TrainingData:
    """Load the Kaggle set with the external images whose licence the recipe allows, in this order.

    The manifest is that of `join_manifests`. Its further column `patient_split` has the split of every image, and
    `stored_turn` the quarter turns by which it is stored. In training, slices outside the brain are slices without a
    tumour. `split` is empty for head CT in training and validation, and in validation and test for slices outside the
    brain and for tumours of unknown type, because metrics of four classes cannot count them. Of a held-out source all
    images are held out, not only the tumours.

    Raises
    ------
    DatasetError
        A set or its manifest is missing, or the protocol is not `group`, the only one of the external sets.
    """
    if protocol is not Protocol.GROUP:
        raise DatasetError(f"The external sets are split by patient only: use the protocol {Protocol.GROUP}.")
    settings, spec = settings or get_settings(), recipe.input.to_input_spec()
    kaggle = load_training_data(spec, protocol, settings, with_masks=with_masks)
    is_ct = find_ct_slices(kaggle.manifest, settings)
    external = load_external_data(spec, settings, with_masks=with_masks)
    is_allowed = external.manifest["licence"].map(lambda licence: allows_licence(licence, recipe.licences))
    data = _concatenate(kaggle, external.select(np.flatnonzero(is_allowed)))
    manifest = data.manifest.assign(
        patient_split=data.manifest["split"], stored_turn=read_stored_turns(data.manifest, settings)
    )
    is_train = (manifest["split"] == str(Split.TRAIN)).to_numpy()
    labels = np.where(is_train & (data.labels == NO_CLASS_INDEX), NO_TUMOR_INDEX, data.labels)
    has_no_target = (labels == NO_CLASS_INDEX) | ((labels == UNKNOWN_TYPE_INDEX) & ~is_train)
    has_no_target[: len(is_ct)] |= is_ct & (kaggle.manifest["split"] != str(Split.TEST)).to_numpy()
    manifest["split"] = manifest["split"].mask(has_no_target, "")
    if recipe.holdout_sources:
        manifest = hold_out_sources(manifest, recipe.holdout_sources, tumors_only=False)
    if recipe.train_fraction < 1:
        manifest = subsample_groups(manifest, recipe.train_fraction, COMPARISON_SEED)
    return replace(data, manifest=manifest, labels=labels)


def _concatenate(kaggle: TrainingData, external: TrainingData) -> TrainingData:
    names = ("model_inputs", "labels", "masks", "mask_known")
    pairs = {name: [getattr(kaggle, name), getattr(external, name)] for name in names}
    arrays: dict[str, Any] = {name: None if pair[0] is None else np.concatenate(pair) for name, pair in pairs.items()}
    return TrainingData(join_manifests(kaggle.manifest, external.manifest), **arrays)
