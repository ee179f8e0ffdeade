"""One epoch: the images it draws on, and what it shows of them, all from the recipe's seed and the epoch's number."""

from dataclasses import replace

import numpy as np
import tensorflow as tf

from braintumor.models.recipe import Recipe
from braintumor.training.appearance import sample_intensity
from braintumor.training.augmentation import sample_spatial
from braintumor.training.composites import DonorBank, sample_paste
from braintumor.training.data import TrainingData
from braintumor.training.pipeline import EpochPlan, SplitTensors
from braintumor.vocabulary import Split


def split_tensors(recipe: Recipe, data: TrainingData, split: Split) -> SplitTensors:
    """Images, labels and masks of a split."""
    rows = data.split_rows(split)
    frames = tf.constant(data.model_inputs[rows])
    source = SplitTensors(frames, data.labels[rows], recipe.input.channels, outputs=recipe.outputs)
    if data.masks is None or data.mask_known is None:
        return source
    return replace(source, masks=tf.constant(data.masks[rows]), mask_known=data.mask_known[rows])


def make_donor_bank(data: TrainingData) -> DonorBank:
    """What composites of the training split are sampled from."""
    if data.masks is None:
        raise ValueError("Composites need the tumour masks.")
    rows = data.split_rows(Split.TRAIN)
    planes = data.manifest["plane"].to_numpy()[rows]
    return DonorBank.from_arrays(data.model_inputs[rows], data.masks[rows], data.labels[rows], planes)


def plan_epoch(recipe: Recipe, donors: DonorBank | None, tensors: SplitTensors, epoch: int) -> EpochPlan:
    """What an epoch shows: every pass in an order of its own."""
    generator = np.random.default_rng([recipe.seed, epoch])
    order = np.concatenate([generator.permutation(len(tensors.labels)) for _ in range(recipe.fit.passes)])
    (height, width), drawn = tensors.model_inputs.shape[1:], None
    moves = sample_spatial(recipe.augmentation, len(order), height, width, generator)
    if recipe.composites and donors:
        drawn = sample_paste(recipe.composites, order, donors, width, generator)
    appearance = sample_intensity(recipe.appearance, len(order), generator) if recipe.appearance else None
    return EpochPlan(order, moves, drawn, appearance)
