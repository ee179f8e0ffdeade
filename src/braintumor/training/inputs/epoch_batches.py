"""Image batches of each epoch, at the size and with the augmentation of that epoch."""

from typing import Final

import numpy as np
import tensorflow as tf

from braintumor.enums import Split
from braintumor.models.recipe import Recipe
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.input_pipeline import (
    SplitTensors,
    evaluation_batches,
    make_donor_bank,
    plan_epoch,
    split_tensors,
    training_batches,
)
from braintumor.training.schedule import input_size_at

_STATISTICS_IMAGES: Final = 1024


class ImageBatches:
    """Training and validation batches of images.

    Parameters
    ----------
    recipe : Recipe
    data : TrainingData
    """

    def __init__(self, recipe: Recipe, data: TrainingData) -> None:
        self._recipe = recipe
        self._training, self._validation = (
            split_tensors(recipe, data, split) for split in (Split.TRAIN, Split.VALIDATION)
        )
        self._donors = make_donor_bank(data) if recipe.copy_paste else None
        self._resized = self._training

    def training_batches(self, epoch: int) -> tf.data.Dataset:
        """Return the augmented batches of an epoch, counted from 1."""
        size = input_size_at(epoch - 1, self._recipe.fit, self._recipe.input.height)
        if self._resized.model_inputs.shape[1] != size:
            self._resized = self._training.resize(size)
        plan = plan_epoch(self._recipe, self._donors, self._resized, epoch)
        return training_batches(self._resized, plan, self._recipe.fit.batch_size)

    def unaltered_batches(self) -> tf.data.Dataset:
        """Return at most 1,024 training images without augmentation, always the same, in mixed batches."""
        tensors = self._training
        rows = np.random.default_rng(self._recipe.seed).permutation(len(tensors.labels))[:_STATISTICS_IMAGES]
        images = tf.gather(tensors.model_inputs, rows)
        drawn = SplitTensors(images, tensors.labels[rows], tensors.channels, outputs=tensors.outputs)
        return evaluation_batches(drawn, self._recipe.fit.batch_size)

    def validation_batches(self) -> tf.data.Dataset:
        """Return the unchanged validation images in batches."""
        return evaluation_batches(self._validation, 64)
