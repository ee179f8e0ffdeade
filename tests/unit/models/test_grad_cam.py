"""Grad-CAM in the serving graph: equal to automatic differentiation, and its extent in the input."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from braintumor.errors import RecipeError
from braintumor.models.builder import build_model
from braintumor.models.grad_cam import map_extent, with_grad_cam
from braintumor.models.recipe import load_recipe


@pytest.fixture(scope="module")
def model() -> keras.Sequential:
    keras.utils.set_random_seed(3)
    return build_model(load_recipe("v1"))


def test_plain_cnn_has_the_parameters_of_the_original(model: keras.Sequential) -> None:
    assert model.count_params() == 495_972
    assert model.output_shape == (None, 4)


def _grad_cam(model: keras.Sequential, images: np.ndarray, layer: str, output: int, sign: float = 1.0) -> np.ndarray:
    """Compute Grad-CAM of one output, or of its negative, by gradient tape as published."""
    values = tf.constant(images)
    with tf.GradientTape() as tape:
        for step in model.layers:
            values = tf.matmul(values, step.kernel) + step.bias if step is model.layers[-1] else step(values)
            if step.name == layer:
                activation = values
                tape.watch(activation)
        score = sign * values[:, output]
    weights = tf.reduce_mean(tape.gradient(score, activation), axis=(1, 2))
    return tf.nn.relu(tf.einsum("nk,nhwk->nhw", weights, activation)).numpy()


def test_maps_equal_grad_cam_by_automatic_differentiation(model: keras.Sequential) -> None:
    images = np.random.default_rng(0).random((3, 150, 150, 3), np.float32)
    outputs = {name: np.asarray(value) for name, value in with_grad_cam(model)(images).items()}
    assert outputs["maps"].shape == (3, 4, 12, 12)
    assert outputs["maps"].max() > 0
    for label in range(4):
        assert np.allclose(outputs["maps"][:, label], _grad_cam(model, images, "conv_3", label), atol=1e-6)
    assert np.allclose(outputs["probabilities"], model.predict(images, verbose=0), atol=1e-6)
    assert np.allclose(tf.nn.softmax(outputs["logits"]), outputs["probabilities"], atol=1e-6)


def test_convolution_without_pooling_is_supported() -> None:
    model = keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="last"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    images = np.random.default_rng(1).random((2, 20, 20, 1), np.float32)
    maps = np.asarray(with_grad_cam(model)(images)["maps"])
    for label in range(3):
        assert np.allclose(maps[:, label], _grad_cam(model, images, "last", label), atol=1e-6)


def test_layer_without_gradient_rule_is_named() -> None:
    model = keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            keras.layers.Conv2D(4, 3),
            keras.layers.Flatten(),
            keras.layers.LayerNormalization(name="norm"),
            keras.layers.Dense(4),
        ]
    )
    with pytest.raises(RecipeError, match="norm"):
        with_grad_cam(model)


def test_map_extent_matches_receptive_fields(model: keras.Sequential) -> None:
    left, top, right, bottom = map_extent(model)
    assert (left, top, right, bottom) == (19.5, 19.5, 127.5, 127.5)
    # The pixels with a gradient for a cell are centred on the cell's position.
    features = keras.Model(model.inputs, model.get_layer("conv_3").output)
    images = tf.constant(np.random.default_rng(0).random((8, 150, 150, 3), np.float32))
    row, column = 4, 9
    with tf.GradientTape() as tape:
        tape.watch(images)
        cell = tf.reduce_sum(features(images)[:, row, column])
    is_used = np.abs(tape.gradient(cell, images).numpy()).sum(axis=(0, 3)) > 0
    rows, columns = np.flatnonzero(is_used.any(axis=1)), np.flatnonzero(is_used.any(axis=0))
    assert (rows[0] + rows[-1] + 1) / 2 == top + 9 * (row + 0.5)
    assert (columns[0] + columns[-1] + 1) / 2 == left + 9 * (column + 0.5)


def _with_random_weights(model: keras.Sequential, seed: int) -> keras.Sequential:
    """Set weights that differ from the initial ones, including those of normalization."""
    generator = np.random.default_rng(seed)
    model.set_weights([generator.uniform(0.05, 0.3, w.shape) * generator.choice([-1, 1, 1], w.shape) if w.ndim > 1
                       else generator.uniform(0.2, 1.0, w.shape) for w in model.get_weights()])  # fmt: skip
    return model


@pytest.mark.parametrize("activation", ["relu", "elu", None])
@pytest.mark.parametrize("pooling", [keras.layers.Flatten, keras.layers.GlobalAveragePooling2D])
def test_binary_model_is_supported_with_either_pooling(activation: str | None, pooling: type) -> None:
    model = _with_random_weights(
        keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                keras.layers.Conv2D(5, 3, activation="relu"),
                keras.layers.BatchNormalization(name="norm"),
                pooling(),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(6, activation=activation),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        ),
        2,
    )
    images = np.random.default_rng(1).random((3, 12, 12, 1), np.float32)
    outputs = {name: np.asarray(value) for name, value in with_grad_cam(model)(images).items()}
    tumor = outputs["probabilities"][:, [0, 1, 3]]
    assert np.allclose(tumor.sum(axis=1), model.predict(images, verbose=0)[:, 0], atol=1e-6)
    assert np.allclose(tumor, tumor[:, :1])
    for label, sign in ((0, 1.0), (1, 1.0), (2, -1.0), (3, 1.0)):
        expected = _grad_cam(model, images, "norm", 0, sign)
        assert np.allclose(outputs["maps"][:, label], expected, atol=1e-5 * max(1.0, expected.max()))
    assert outputs["maps"].max() > 0


def test_nested_network_is_mapped_over_the_whole_input() -> None:
    inner = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3, 2, "same", activation="relu")])
    model = _with_random_weights(
        keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                keras.layers.Rescaling(2.0, -1.0),
                keras.Model(inner.inputs[0], inner.outputs[0], name="base"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(4, activation="softmax"),
            ]
        ),
        5,
    )
    images = np.random.default_rng(2).random((2, 16, 16, 3), np.float32)
    maps = np.asarray(with_grad_cam(model)(images)["maps"])
    assert maps.shape == (2, 4, 8, 8)
    for label in range(4):
        assert np.allclose(maps[:, label], _grad_cam(model, images, "base", label), atol=1e-6)
    assert map_extent(model) is None
