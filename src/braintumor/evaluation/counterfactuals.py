"""Counterfactual scans: validation slices with a tumour pasted in or removed, so that the source dataset is no cue."""

from typing import Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.enums import NO_TUMOR_INDEX, Split
from braintumor.models.recipe import AugmentationRecipe, CopyPasteRecipe
from braintumor.training.augmentation.donor_bank import DonorBank
from braintumor.training.augmentation.sample_paste import sample_paste
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.input_pipeline import EpochPlan, SplitTensors, training_batches

_COUNTERFACTUAL_RECIPE: Final = CopyPasteRecipe(pasted=0.5, distractors=0.5, inpainted=1.0)
_SEED: Final = 0


def make_counterfactuals(data: TrainingData, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Paste a tumour or a distractor into slices of a split, or inpaint a small tumour.

    Tumours come from slices of the same split, so that held-out patients stay held out. Imperceptible changes are
    discarded.

    Returns
    -------
    model_inputs : ndarray of uint8, shape (n, height, width)
    is_tumor : ndarray of bool, shape (n,)
    """
    if data.masks is None or data.mask_known is None:
        raise ValueError("Counterfactual scans need tumour masks. Load the data with with_masks=True.")
    rows = data.split_rows(split)
    model_inputs, masks, labels = data.model_inputs[rows], data.masks[rows], data.labels[rows]
    donors = DonorBank.from_arrays(model_inputs, masks, labels, data.manifest["plane"].to_numpy()[rows])
    generator, indices, width = np.random.default_rng(_SEED), np.arange(len(rows)), model_inputs.shape[2]
    paste = sample_paste(_COUNTERFACTUAL_RECIPE, indices, donors, width, generator)
    no_movement = sample_spatial(AugmentationRecipe(), len(rows), model_inputs.shape[1], width, generator)
    tensors = SplitTensors(tf.constant(model_inputs), labels, 1, tf.constant(masks), data.mask_known[rows])
    images, targets = [], []
    for batch, batch_targets in training_batches(tensors, EpochPlan(indices, no_movement, paste), 64):
        images.append(np.rint(batch.numpy()[..., 0] * 255).astype(np.uint8))
        targets.append(batch_targets["class"].numpy())
    class_targets = np.concatenate(targets)
    usable = (paste.opacity > 0) & (class_targets.sum(axis=1) == 1)
    return np.concatenate(images)[usable], class_targets[usable].argmax(axis=1) != NO_TUMOR_INDEX
