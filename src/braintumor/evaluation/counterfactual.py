"""Counterfactual scans: held-out slices with the other answer, on which telling collections apart does not help."""

from typing import Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.models.recipe_parts import AugmentationRecipe, CompositeRecipe
from braintumor.training.augmentation import sample
from braintumor.training.composites import Donors, sample_composites
from braintumor.training.data import TrainingData
from braintumor.training.pipeline import Showings, Source, training_batches
from braintumor.vocabulary import HEALTHY_INDEX, Split

_HALF: Final = CompositeRecipe(planted=0.5, decoys=0.5, painted_out=1.0)
_SEED: Final = 0


def counterfactuals(data: TrainingData, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Slices of a split with a tumour planted, a harmless patch, or a small tumour filled with healthy tissue.

    Tumours come from slices of the same split, so that held-out patients stay held out; what was planted but cannot
    be seen is left out.

    Returns
    -------
    frames : ndarray of uint8, shape (n, height, width)
    is_tumor : ndarray of bool, shape (n,)
    """
    if data.masks is None or data.known is None:
        raise ValueError("Counterfactual scans need the tumour masks: load the data with_masks.")
    rows = data.rows(split)
    frames, masks, labels = data.frames[rows], data.masks[rows], data.labels[rows]
    donors = Donors.of(frames, masks, labels, data.manifest["plane"].to_numpy()[rows])
    generator, order, side = np.random.default_rng(_SEED), np.arange(len(rows)), frames.shape[2]
    drawn = sample_composites(_HALF, order, donors, side, generator)
    still = sample(AugmentationRecipe(), len(rows), frames.shape[1], side, generator)
    source = Source(tf.constant(frames), labels, 1, tf.constant(masks), data.known[rows])
    made, answers = [], []
    for images, targets in training_batches(source, Showings(order, still, drawn), 64):
        made.append(np.rint(images.numpy()[..., 0] * 255).astype(np.uint8))
        answers.append(targets["class"].numpy())
    answer = np.concatenate(answers)
    kept = (drawn.strength > 0) & (answer.sum(axis=1) == 1)
    return np.concatenate(made)[kept], answer[kept].argmax(axis=1) != HEALTHY_INDEX
