"""Counterfactual scans: held-out slices with the other answer, on which telling collections apart does not help."""

from typing import Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.enums import NO_TUMOR_INDEX, Split
from braintumor.models.recipe import AugmentationRecipe, CopyPasteRecipe
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.augmentation.tumor_copy_paste import DonorBank, sample_paste
from braintumor.training.data import TrainingData
from braintumor.training.input_pipeline import EpochPlan, SplitTensors, training_batches

_COUNTERFACTUAL_RECIPE: Final = CopyPasteRecipe(planted=0.5, decoys=0.5, painted_out=1.0)
_SEED: Final = 0


def make_counterfactuals(data: TrainingData, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Slices of a split with a tumour planted, a harmless patch, or a small tumour filled with healthy tissue.

    Tumours come from slices of the same split, so that held-out patients stay held out; what was planted but cannot
    be seen is left out.

    Returns
    -------
    frames : ndarray of uint8, shape (n, height, width)
    is_tumor : ndarray of bool, shape (n,)
    """
    if data.masks is None or data.mask_known is None:
        raise ValueError("Counterfactual scans need the tumour masks: load the data with_masks.")
    rows = data.split_rows(split)
    frames, masks, labels = data.model_inputs[rows], data.masks[rows], data.labels[rows]
    donors = DonorBank.from_arrays(frames, masks, labels, data.manifest["plane"].to_numpy()[rows])
    generator, order, side = np.random.default_rng(_SEED), np.arange(len(rows)), frames.shape[2]
    drawn = sample_paste(_COUNTERFACTUAL_RECIPE, order, donors, side, generator)
    still = sample_spatial(AugmentationRecipe(), len(rows), frames.shape[1], side, generator)
    source = SplitTensors(tf.constant(frames), labels, 1, tf.constant(masks), data.mask_known[rows])
    made, answers = [], []
    for images, targets in training_batches(source, EpochPlan(order, still, drawn), 64):
        made.append(np.rint(images.numpy()[..., 0] * 255).astype(np.uint8))
        answers.append(targets["class"].numpy())
    answer = np.concatenate(answers)
    kept = (drawn.opacity > 0) & (answer.sum(axis=1) == 1)
    return np.concatenate(made)[kept], answer[kept].argmax(axis=1) != NO_TUMOR_INDEX
