"""Random tone curves, shading, blur, noise and cutout, sampled in NumPy and applied in TensorFlow.

Grey levels, sharpness and margins reveal the source dataset of a slice without any anatomy. Randomizing them keeps the
network from relying on them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.models.recipe import IntensityRecipe

_GRAY_LEVELS: Final = 256
_CURVE_KNOTS: Final = 6
_SHADING_GRID: Final = 4


@dataclass(frozen=True, slots=True)
class IntensityParams:
    """Sampled intensity changes of n images.

    Attributes
    ----------
    tone_curve : ndarray of float32, shape (n, 256)
        New grey value (0 to 1) of each 8-bit grey level.
    shading : ndarray of float32, shape (n, 4, 4)
        Factors on a coarse grid over the image.
    blur : ndarray of float32, shape (n,)
        Weight of a blurred copy; negative values sharpen.
    noise : ndarray of float32, shape (n,)
        Standard deviation of additive noise.
    noise_seed : ndarray of int32, shape (n,)
    cutout : ndarray of float32, shape (n, 4)
        Blacked-out box (left, top, right, bottom) as fractions of the image size; empty where right is 0.
    """

    tone_curve: NDArray[np.float32]
    shading: NDArray[np.float32]
    blur: NDArray[np.float32]
    noise: NDArray[np.float32]
    noise_seed: NDArray[np.int32]
    cutout: NDArray[np.float32]


def sample_intensity(recipe: IntensityRecipe, count: int, generator: np.random.Generator) -> IntensityParams:
    """Sample changes for `count` images: each transform independently, within its range."""

    def occurs(probability: float) -> NDArray[np.bool_]:
        return generator.random(count) < probability

    shading = np.exp(generator.normal(0.0, recipe.shading, (count, _SHADING_GRID, _SHADING_GRID)))
    corner, size = generator.uniform(0, 0.9, (count, 2)), generator.uniform(0.05, 0.25, (count, 2))
    cutout = np.concatenate([corner, corner + size], axis=1) * occurs(recipe.cutout)[:, None]
    return IntensityParams(
        tone_curve=_sample_tone_curves(recipe, count, generator).astype(np.float32),
        shading=shading.astype(np.float32),
        blur=(generator.uniform(-0.5, 1.0, count) * occurs(recipe.blur)).astype(np.float32),
        noise=(generator.uniform(0, recipe.noise, count) * occurs(0.5)).astype(np.float32),
        noise_seed=generator.integers(2**31 - 1, size=count, dtype=np.int32),
        cutout=cutout.astype(np.float32),
    )


def _sample_tone_curves(recipe: IntensityRecipe, count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Sample gamma and contrast, blend with a random curve through a few knots, and invert some curves."""
    level = np.linspace(0.0, 1.0, _GRAY_LEVELS)
    gamma = np.exp(generator.uniform(-recipe.gamma, recipe.gamma, count))[:, None]
    contrast = np.exp(generator.uniform(-recipe.contrast, recipe.contrast, count))[:, None]
    curve = level**gamma * contrast
    knots = generator.random((count, _CURVE_KNOTS))
    knots[:, 0] = 0.0  # black stays black: it is background, not tissue
    random_curve = np.stack([np.interp(level, np.linspace(0, 1, _CURVE_KNOTS), row) for row in knots])
    weight = (generator.random(count) ** 1.5 * (generator.random(count) < recipe.tone_curve))[:, None]
    curve = (1 - weight) * curve + weight * random_curve
    curve = np.where((generator.random(count) < recipe.p)[:, None], curve, level)
    is_inverted = generator.random(count) < recipe.inversion
    return np.clip(np.where(is_inverted[:, None], 1.0 - curve, curve), 0.0, 1.0)


def apply_intensity(images: tf.Tensor, params: dict[str, tf.Tensor]) -> tf.Tensor:
    """Apply changes, given as the fields of `IntensityParams`, to images (n, height, width, 1) from 0 to 1."""
    size = tf.shape(images)[1:3]
    shading = tf.image.resize(params["shading"][..., None], size, "bicubic")
    levels = tf.cast(tf.clip_by_value(images, 0.0, 1.0) * (_GRAY_LEVELS - 1) + 0.5, tf.int32)
    images = tf.gather(params["tone_curve"], levels[..., 0], batch_dims=1)[..., None] * shading
    blurred = tf.nn.avg_pool2d(tf.nn.avg_pool2d(images, 3, 1, "SAME"), 3, 1, "SAME")
    images += params["blur"][:, None, None, None] * (blurred - images)
    seed = tf.stack([params["noise_seed"][0], 0])
    images += params["noise"][:, None, None, None] * tf.random.stateless_normal(tf.shape(images), seed)
    return tf.clip_by_value(images * (1.0 - _box_mask(params["cutout"], size)), 0.0, 1.0)


def _box_mask(box: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Return 1 inside boxes (n, 4) in fractions of the image size and 0 outside; shape (n, height, width, 1)."""
    y = tf.linspace(0.0, 1.0, size[0])[None, :, None, None]
    x = tf.linspace(0.0, 1.0, size[1])[None, None, :, None]
    left, top, right, bottom = (box[:, i, None, None, None] for i in range(4))
    return tf.cast((x >= left) & (x < right) & (y >= top) & (y < bottom), tf.float32)
