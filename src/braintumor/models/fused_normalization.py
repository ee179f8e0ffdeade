"""Batch normalization that is computed in one operation while a network is trained."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers


@keras.saving.register_keras_serializable("braintumor")
class FusedBatchNormalization(layers.BatchNormalization):
    """Batch normalization over the last axis of images (n, rows, columns, channels).

    Keras computes mean, variance and output in separate operations, each of which reads all values from memory again.
    The only difference is the running variance, which is that of a sample here: larger by a factor of k / (k - 1) for k
    values per channel.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize by the statistics of the batch in training, and by the running ones otherwise."""
        if not training or not self.trainable:
            return super().call(inputs, training=False, mask=mask)
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            tf.cast(inputs, tf.float32), self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        for running, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            running.assign(running * self.momentum + batch * (1.0 - self.momentum))
        return tf.cast(outputs, self.compute_dtype)
