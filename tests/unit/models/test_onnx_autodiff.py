"""Gradient graph: ONNX Runtime gives the gradient of automatic differentiation."""

from functools import cache

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from braintumor.errors import RecipeError
from braintumor.models.builder import build_model
from braintumor.models.onnx_autodiff.graph import build_gradient_onnx
from braintumor.models.recipe import load_recipe
from braintumor.training.export import log_odds_gradient, to_onnx
from tests.helpers.tiny_model import CONTRACT, fit
from tests.helpers.tiny_model import build as tiny

SIDES = {
    "plain_cnn": (150, 3), "multitask_mobilenet": (96, 1), "pretrained": (96, 3),
    "four_block": (96, 3), "custom_cnn": (96, 3), "wide_cnn": (64, 3),
}  # fmt: skip
RECIPES = {
    "plain_cnn": "v1", "pretrained": "mobilenet", "four_block": "four-block", "custom_cnn": "custom-cnn",
    "wide_cnn": "wide-cnn",
}  # fmt: skip
SHIPPED = ("plain_cnn", "multitask_mobilenet", "pretrained")  # architectures with a committed gradient graph


@cache
def _model(architecture: str) -> keras.Model:
    """Build a network whose normalization statistics and biases differ from those of a new one."""
    keras.utils.set_random_seed(3)
    side, channels = SIDES[architecture]
    recipe = load_recipe(RECIPES.get(architecture, "v4"))
    size = recipe.input.model_copy(update={"height": side, "width": side, "channels": channels})
    model = build_model(recipe.model_copy(update={"architecture": architecture, "input": size}))
    generator = np.random.default_rng(0)
    model.set_weights([w + 0.1 * np.abs(generator.normal(size=w.shape)) * (w.ndim == 1) for w in model.get_weights()])
    return model


def _images(architecture: str, count: int = 3) -> np.ndarray:
    side, channels = SIDES[architecture]
    return np.random.default_rng(1).random((count, side, side, channels), np.float32)


def _gradients(content: bytes, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["gradient"], {"image": image[None]})[0] for image in images])


def _relative_errors(gradients: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Relative error of each image's gradient."""
    axes = (1, 2, 3)
    return np.sqrt(np.square(gradients - expected).sum(axes) / np.square(expected).sum(axes))


@pytest.mark.parametrize(
    "architecture",
    [name if name == "plain_cnn" else pytest.param(name, marks=pytest.mark.slow) for name in SIDES],
)
def test_gradient_equals_automatic_differentiation(architecture: str) -> None:
    model, images = _model(architecture), _images(architecture)
    expected = log_odds_gradient(model, images)
    assert np.abs(expected).max() > 0
    gradients = _gradients(build_gradient_onnx(to_onnx(model), int16_weights=False), images)
    assert gradients.shape == images.shape
    errors = _relative_errors(gradients, expected)
    assert errors.min() < 1e-4
    # Rounding can select another of two nearly equal values in a pooling window, which moves part of the gradient.
    assert errors.max() < (1e-4 if architecture in SHIPPED else 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", SHIPPED)
def test_int16_weights_are_accurate_and_below_5_mb(architecture: str) -> None:
    model, images = _model(architecture), _images(architecture)
    content = build_gradient_onnx(to_onnx(model))
    assert len(content) < 5_000_000
    assert _relative_errors(_gradients(content, images), log_odds_gradient(model, images)).max() < 0.02


@pytest.mark.slow
def test_gradient_stops_at_the_mask() -> None:
    model, images = _model("multitask_mobilenet"), _images("multitask_mobilenet")
    used = {node.op_type for node in onnx.load_from_string(build_gradient_onnx(to_onnx(model))).graph.node}
    assert "Sigmoid" in used
    with tf.GradientTape() as tape:
        tape.watch(inputs := tf.constant(images))
        mask = tf.reduce_sum(model(inputs)["mask"])
    assert np.abs(tape.gradient(mask, inputs)).max() > 0  # without the stop, there is a gradient


def test_overlapping_windows_and_sums_are_supported() -> None:
    content = tiny(*fit(per_class=4))
    images = np.random.default_rng(0).random((1, CONTRACT.height, CONTRACT.width, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def log_odds(image: np.ndarray) -> float:
        (logits,) = session.run(["logits"], {"image": image.astype(np.float32)})
        return float(np.logaddexp.reduce(logits[0, [0, 1, 3]].astype(np.float64)) - logits[0, 2])

    gradient = _gradients(build_gradient_onnx(content), images)
    # Along the gradient itself, where the slope is steepest and rounding matters least.
    direction = gradient * np.sqrt(gradient.size) / np.linalg.norm(gradient)
    slope = (log_odds(images + 1e-2 * direction) - log_odds(images - 1e-2 * direction)) / 2e-2
    assert (gradient * direction).sum() == pytest.approx(slope, rel=0.05)


def test_operator_without_gradient_rule_is_named() -> None:
    steps = [keras.Input((20, 20, 1)), layers.Conv2D(4, 3, activation="softplus"), layers.Flatten(), layers.Dense(4)]
    with pytest.raises(RecipeError, match="no gradient rule for Softplus"):
        build_gradient_onnx(to_onnx(keras.Sequential(steps)))
