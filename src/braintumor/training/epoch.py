"""One epoch: the images it draws on, and what it shows of them, all from the recipe's seed and the epoch's number."""

from dataclasses import replace

import numpy as np
import tensorflow as tf

from braintumor.models.recipe import Recipe
from braintumor.training.appearance import sample_appearance
from braintumor.training.augmentation import sample
from braintumor.training.composites import Donors, sample_composites
from braintumor.training.data import TrainingData
from braintumor.training.pipeline import Showings, Source
from braintumor.vocabulary import Split


def source_of(recipe: Recipe, data: TrainingData, split: Split) -> Source:
    """Images, labels and masks of a split."""
    rows = data.rows(split)
    frames = tf.constant(data.frames[rows])
    source = Source(frames, data.labels[rows], recipe.input.channels, outputs=recipe.outputs)
    if data.masks is None or data.known is None:
        return source
    return replace(source, masks=tf.constant(data.masks[rows]), known=data.known[rows])


def donors_of(data: TrainingData) -> Donors:
    """What composites of the training split are sampled from."""
    if data.masks is None:
        raise ValueError("Composites need the tumour masks.")
    rows = data.rows(Split.TRAIN)
    planes = data.manifest["plane"].to_numpy()[rows]
    return Donors.of(data.frames[rows], data.masks[rows], data.labels[rows], planes)


def showings_of(recipe: Recipe, donors: Donors | None, source: Source, epoch: int) -> Showings:
    """What an epoch shows: every pass in an order of its own."""
    generator = np.random.default_rng([recipe.seed, epoch])
    order = np.concatenate([generator.permutation(len(source.labels)) for _ in range(recipe.fit.passes)])
    (height, width), drawn = source.frames.shape[1:], None
    moves = sample(recipe.augmentation, len(order), height, width, generator)
    if recipe.composites and donors:
        drawn = sample_composites(recipe.composites, order, donors, width, generator)
    appearance = sample_appearance(recipe.appearance, len(order), generator) if recipe.appearance else None
    return Showings(order, moves, drawn, appearance)
