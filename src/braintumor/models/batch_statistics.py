"""Statistics of batch normalization from unaltered images."""

from collections.abc import Iterable

import keras
import tensorflow as tf

from braintumor.models.builder import iter_leaf_layers


def update_batch_statistics(model: keras.Model, batches: Iterable[tuple[tf.Tensor, object]]) -> None:
    """Replace the running mean and variance of each normalization by the averages over given batches, in place.

    In training, the running values are those of augmented images after dropout: rotation blurs the finest patterns, and
    dropout raises the variance. Images without augmentation and dropout then leave the range that the following layers
    have learned ("precise" batch normalization, Wu and Johnson 2021).

    Parameters
    ----------
    model : Model
        Frozen normalizations keep their values.
    batches : iterable of (Tensor of float32, targets)
        Images of shape (n, height, width, channels); targets are ignored.
    """
    layers = list(iter_leaf_layers(model))
    normalizations = [each for each in layers if isinstance(each, keras.layers.BatchNormalization)]
    dropouts = [each for each in layers if isinstance(each, keras.layers.Dropout)]
    momentums, rates = [each.momentum for each in normalizations], [each.rate for each in dropouts]
    try:
        for dropout in dropouts:
            dropout.rate = 0.0
        for count, (images, _) in enumerate(batches, start=1):
            for normalization in normalizations:
                normalization.momentum = 1.0 - 1.0 / count  # the running value becomes the mean of all batches so far
            model(images, training=True)
    finally:
        for normalization, momentum in zip(normalizations, momentums, strict=True):
            normalization.momentum = momentum
        for dropout, rate in zip(dropouts, rates, strict=True):
            dropout.rate = rate
