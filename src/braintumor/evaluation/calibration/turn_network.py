"""Train the small network that estimates by how many quarter turns a picture was turned, and export it to ONNX."""

from typing import Final

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from braintumor.inference.turn.turn_detector import MEAN_LEVEL, TURN_INPUT_SIDE, turn_input
from braintumor.training.export import export_onnx_bytes

SEED: Final = 0
EPOCHS: Final = 48
_BATCH_SIZE: Final = 128
_LEARNING_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 1e-3
# Filters, kernel size and stride of each convolution.
_CONVOLUTIONS: Final = ((24, 5, 4), (48, 3, 2), (64, 3, 1), (96, 3, 2))
# Rotation as a fraction of a full turn, zoom and shift as fractions of a side.
_ROTATION: Final = 0.04
_ZOOM: Final = (-0.15, 0.25)
_SHIFT: Final = 0.08
_INVERTED_SHARE: Final = 0.1
_BACKGROUND: Final = 0.05


def train_turn_network(upright: NDArray[np.uint8], epochs: int = EPOCHS) -> bytes:
    """Train on upright model inputs (n, height, width), each turned at random, and return the network as ONNX.

    Pictures are mirrored, slightly rotated, zoomed and shifted, and their contrast is changed or inverted, so that the
    network looks at anatomy and not at a sequence or a scanner.
    """
    keras.utils.set_random_seed(SEED)
    network = build_turn_network()
    inputs = turn_input(upright) + MEAN_LEVEL
    steps = max(1, len(inputs) // _BATCH_SIZE)
    schedule = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, epochs * steps)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=_WEIGHT_DECAY)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.02)
    change_shape = _build_shape_augmentation()

    def train_step(batch: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
        turned = _turn(_change_contrast(change_shape(batch, training=True)), turns)
        with tf.GradientTape() as tape:
            value = loss(tf.one_hot(turns, 4), network(turned, training=True))
        gradients = tape.gradient(value, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return value

    run_step = tf.function(train_step, reduce_retracing=True)
    generator = np.random.default_rng(SEED)
    for _ in range(epochs):
        order = generator.permutation(len(inputs))
        for step in range(steps):
            rows = order[step * _BATCH_SIZE : (step + 1) * _BATCH_SIZE]
            run_step(inputs[rows], generator.integers(0, 4, len(rows)).astype(np.int32))
    return export_onnx_bytes(network)


def build_turn_network() -> keras.Model:
    """Build the network: input of `turn_input`, four logits; about 100,000 parameters."""
    inputs = keras.Input((TURN_INPUT_SIDE, TURN_INPUT_SIDE, 1), name="image")
    features = inputs
    for filters, kernel, stride in _CONVOLUTIONS:
        features = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(features)
        features = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(features))
    features = layers.Dropout(0.5)(layers.Flatten()(features))
    return keras.Model(inputs, layers.Dense(4, name="logits")(features))


def _build_shape_augmentation() -> keras.Model:
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(_ROTATION, fill_mode="constant"),
            layers.RandomZoom(_ZOOM, _ZOOM, fill_mode="constant"),
            layers.RandomTranslation(_SHIFT, _SHIFT, fill_mode="constant"),
        ]
    )


def _change_contrast(batch: tf.Tensor) -> tf.Tensor:
    """Change gamma and brightness, invert the head in some pictures, and add noise; grey values from 0 to 1."""
    shape = (tf.shape(batch)[0], 1, 1, 1)
    gamma = tf.exp(tf.random.uniform(shape, -0.5, 0.5))
    changed = tf.pow(tf.clip_by_value(batch, 1e-4, 1.0), gamma) * tf.random.uniform(shape, 0.6, 1.2)
    is_inverted = (tf.random.uniform(shape) < _INVERTED_SHARE) & (changed > _BACKGROUND)
    changed = tf.where(is_inverted, 0.9 - changed, changed)
    return changed + tf.random.normal(tf.shape(changed), stddev=0.03)


def _turn(batch: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Turn each picture counterclockwise by its number of quarter turns, and centre the grey values."""
    views = tf.stack([tf.image.rot90(batch, number) for number in range(4)])
    selected = tf.one_hot(turns, 4, axis=0)[:, :, None, None, None]
    return tf.reduce_sum(views * selected, axis=0) - MEAN_LEVEL
