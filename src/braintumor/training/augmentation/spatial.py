"""Augmentation: random changes, sampled here from a seed and applied elsewhere, so that they can be replayed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from braintumor.models.recipe import AugmentationRecipe


@dataclass(frozen=True, slots=True)
class SpatialParams:
    """Changes sampled for n images.

    Attributes
    ----------
    transforms : ndarray of float32, shape (n, 8)
        The first two rows of a 3 x 3 matrix and two zeros, taking a pixel (x, y) of the output to the input pixel it
        comes from: the form TensorFlow's ImageProjectiveTransformV3 reads.
    brightness : ndarray of float32, shape (n,)
        Factor on grey values.
    """

    transforms: NDArray[np.float32]
    brightness: NDArray[np.float32]


def sample_spatial(
    recipe: AugmentationRecipe, count: int, height: int, width: int, generator: np.random.Generator
) -> SpatialParams:
    """Sample changes for `count` images: each quantity uniform in its range, independently.

    The ranges mean what they mean in Keras's ImageDataGenerator, with which the original project was trained, but for
    the shear, which is centred on the frame.
    """

    def uniform(limit: float) -> NDArray[np.float64]:
        return generator.uniform(-limit, limit, count)

    angle, shear = np.deg2rad(uniform(recipe.rotation)), np.deg2rad(uniform(recipe.shear))
    shift_x, shift_y = uniform(recipe.shift) * width, uniform(recipe.shift) * height
    zoom_x, zoom_y = 1 + uniform(recipe.zoom), 1 + uniform(recipe.zoom)
    flip = np.where(generator.random(count) < (0.5 if recipe.horizontal_flip else 0.0), -1.0, 1.0)
    brightness = generator.uniform(*recipe.brightness, count)
    turned = _stack_matrices(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    sheared = _stack_matrices(np.ones(count), -np.sin(shear), np.zeros(count), np.cos(shear))
    zoomed = _stack_matrices(zoom_x * flip, np.zeros(count), np.zeros(count), zoom_y)
    linear = turned @ sheared @ zoomed
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    moved = centre + np.stack([shift_x, shift_y], axis=1) - linear @ centre
    rows = np.concatenate([linear, moved[:, :, None]], axis=2).reshape(count, 6)
    transforms = np.concatenate([rows, np.zeros((count, 2))], axis=1)
    return SpatialParams(transforms.astype(np.float32), brightness.astype(np.float32))


def _stack_matrices(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Stack of 2 x 2 matrices [[a, b], [c, d]], shape (n, 2, 2)."""
    return np.stack([np.stack([a, b], axis=-1), np.stack([c, d], axis=-1)], axis=-2)
