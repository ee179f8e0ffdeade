"""Random geometric transforms and brightness, sampled in NumPy from a seed and applied in TensorFlow."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.models.recipe import AugmentationRecipe


@dataclass(frozen=True, slots=True)
class SpatialParams:
    """Sampled transforms of n images.

    Attributes
    ----------
    transforms : ndarray of float32, shape (n, 8)
        The first two rows of a 3 x 3 matrix that maps an output pixel (x, y) to its input pixel, then two zeros: the
        format of TensorFlow's ImageProjectiveTransformV3.
    brightness : ndarray of float32, shape (n,)
        Factor on grey values.
    """

    transforms: NDArray[np.float32]
    brightness: NDArray[np.float32]


def sample_spatial(
    recipe: AugmentationRecipe, count: int, height: int, width: int, generator: np.random.Generator
) -> SpatialParams:
    """Sample transforms for `count` images: each parameter independently and uniformly in its range.

    The ranges have the same meaning as in Keras's ImageDataGenerator, which the original project used, except that
    the shear is centred on the image.
    """

    def uniform(limit: float) -> NDArray[np.float64]:
        return generator.uniform(-limit, limit, count)

    angle, shear = np.deg2rad(uniform(recipe.rotation)), np.deg2rad(uniform(recipe.shear))
    shift_x, shift_y = uniform(recipe.shift) * width, uniform(recipe.shift) * height
    zoom_x, zoom_y = 1 + uniform(recipe.zoom), 1 + uniform(recipe.zoom)
    flip = np.where(generator.random(count) < (0.5 if recipe.horizontal_flip else 0.0), -1.0, 1.0)
    brightness = generator.uniform(*recipe.brightness, count)
    rotation_matrix = _stack_matrices(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    shear_matrix = _stack_matrices(np.ones(count), -np.sin(shear), np.zeros(count), np.cos(shear))
    zoom_matrix = _stack_matrices(zoom_x * flip, np.zeros(count), np.zeros(count), zoom_y)
    linear = rotation_matrix @ shear_matrix @ zoom_matrix
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    translation = center + np.stack([shift_x, shift_y], axis=1) - linear @ center
    rows = np.concatenate([linear, translation[:, :, None]], axis=2).reshape(count, 6)
    transforms = np.concatenate([rows, np.zeros((count, 2))], axis=1)
    return SpatialParams(transforms.astype(np.float32), brightness.astype(np.float32))


def apply_spatial(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Apply transforms (n, 8) to images (n, height, width, 1); pixels from outside the image are black."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _stack_matrices(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Stack 2 x 2 matrices [[a, b], [c, d]] into shape (n, 2, 2)."""
    return np.stack([np.stack([a, b], axis=-1), np.stack([c, d], axis=-1)], axis=-2)
