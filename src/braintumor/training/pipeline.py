"""Input pipeline: frames in memory, augmented on the fly by TensorFlow's own threads while the network trains."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.training.augmentation import Draw


def training_batches(
    frames: tf.Tensor, labels: NDArray[np.int64], order: NDArray[np.int64], draw: Draw, channels: int, batch: int
) -> tf.data.Dataset:
    """Batches of one epoch.

    Parameters
    ----------
    frames : Tensor of uint8, shape (n, height, width)
    labels : ndarray of int, shape (n,)
    order : ndarray of int, shape (m,)
        Rows of `frames` in the order they are shown; a row may come several times.
    draw : Draw
        Changes for each of the m showings.
    channels : int
        Times the grey frame is repeated.
    batch : int
        Images in a batch.

    Returns
    -------
    Dataset
        Of (images (batch, height, width, channels) float32 from 0 to 1, one-hot labels (batch, classes)).
    """
    one_hot = tf.constant(_one_hot(labels))

    def make(rows: tf.Tensor, transforms: tf.Tensor, brightness: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return apply(tf.gather(frames, rows), transforms, brightness, channels), tf.gather(one_hot, rows)

    data = tf.data.Dataset.from_tensor_slices((order, draw.transforms, draw.brightness)).batch(batch)
    return data.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)


def plain_batches(frames: tf.Tensor, labels: NDArray[np.int64], channels: int, batch: int) -> tf.data.Dataset:
    """Batches of unchanged images, in order, for validation."""

    def make(images: tf.Tensor, one_hot: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values = tf.cast(images, tf.float32)[..., None] / 255.0
        return tf.repeat(values, channels, axis=3), one_hot

    return tf.data.Dataset.from_tensor_slices((frames, _one_hot(labels))).batch(batch).map(make).prefetch(2)


def apply(images: tf.Tensor, transforms: tf.Tensor, brightness: tf.Tensor, channels: int) -> tf.Tensor:
    """Apply sampled changes to frames (n, height, width) of uint8; what comes from outside the frame is black."""
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32)[..., None],
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    bright = tf.clip_by_value(moved * (brightness[:, None, None, None] / 255.0), 0.0, 1.0)
    return tf.repeat(bright, channels, axis=3)


def _one_hot(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    from braintumor.vocabulary import CLASSES

    return np.eye(len(CLASSES), dtype=np.float32)[labels]
