"""Architectures: parameter counts and functions match the originals; recipes choose backbone and head."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.baseline.training_methods import original_network
from braintumor.errors import RecipeError
from braintumor.models.builder import build_model
from braintumor.models.recipe import Recipe, load_recipe

PARAMETERS = {
    "v1": 495_972,
    "v2": 21_138_500,  # 14,714,688 of VGG16, 25,088 x 256 + 256, 256 x 4 + 4
    "v3": 17_926_596,  # 14,714,688 of VGG16, 25,088 x 128 + 128, 128 x 4 + 4
    "wide-cnn": 3_763_940,
    "four-block": 3_602_113,
    "custom-cnn": 4_668_164,
    "mobilenet": 1_836_052,  # 1,832,976 of MobileNet, 768 x 4 + 4
    "xception": 20_869_676,  # 20,861,480 of Xception, 2,048 x 4 + 4
    "binary-mobilenet": 2_030_097,
    "binary-vgg16": 14_846_273,  # 14,714,688 of VGG16, 512 x 256 + 256, 256 + 1
    "binary-resnet50": 24_112_513,  # 23,587,712 of ResNet50, 2,048 x 256 + 256, 256 + 1
    "binary-inceptionv3": 22_327_585,  # 21,802,784 of InceptionV3, 2,048 x 256 + 256, 256 + 1
    # 4,049,571 of EfficientNetB0, 1,280 x 256 + 256, 256 + 1, less the 7 of its normalization, which `prepare` does
    "binary-efficientnetb0": 4_377_757,
    "binary-mobilenetv3": 3_242_625,  # 2,996,352 of MobileNetV3 Large, 960 x 256 + 256, 256 + 1
}


@pytest.mark.parametrize(("version", "count"), PARAMETERS.items())
def test_parameter_count_matches_the_original(version: str, count: int) -> None:
    recipe = load_recipe(version)
    model = build_model(recipe)
    assert model.count_params() == count
    assert model.output_shape == (None, recipe.outputs)
    assert model.input_shape == (None, recipe.input.height, recipe.input.width, 3)


@pytest.mark.parametrize("backbone", ["resnet50", "inceptionv3", "mobilenetv3", "xception"])
def test_preprocessing_matches_the_backbone(backbone: str) -> None:
    modules = {"resnet50": keras.applications.resnet50, "inceptionv3": keras.applications.inception_v3,
           "mobilenetv3": keras.applications.mobilenet_v3, "xception": keras.applications.xception}  # fmt: skip
    model = build_model(_small(backbone))
    gray = np.repeat(np.random.default_rng(0).random((1, 75, 75, 1), np.float32), 3, axis=3)
    expected = modules[backbone].preprocess_input(255 * gray.copy())
    assert np.allclose(model.get_layer("prepare")(gray), expected, atol=1e-4)


def test_efficientnet_preprocessing_matches_its_own_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Keras adds the second normalization only with ImageNet weights, which are not downloaded here.
    efficientnet = "keras.src.applications.efficientnet"
    monkeypatch.setattr(f"{efficientnet}.file_utils.get_file", lambda *_, **__: "unread")
    monkeypatch.setattr("keras.src.models.functional.Functional.load_weights", lambda *_, **__: None)
    network = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", input_shape=(75, 75, 3))
    means, deviations = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    normalization = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    normalization.set_weights([np.array(means), np.array(deviations), np.array(0)])  # as in the file of its weights
    normalization.finalize_state()
    model = build_model(_small("efficientnetb0"))
    model.get_layer("backbone").set_weights(network.get_weights()[3:])
    images = np.random.default_rng(0).random((2, 75, 75, 3), np.float32)
    outputs = model.get_layer("backbone")(model.get_layer("prepare")(images))
    expected = network(255 * images).numpy()
    assert outputs.numpy() == pytest.approx(expected, abs=1e-4 * float(np.abs(expected).max()))


def _small(backbone: str) -> Recipe:
    recipe = load_recipe("binary-mobilenet")
    size = recipe.input.model_copy(update={"height": 75, "width": 75})
    return recipe.model_copy(update={"input": size, "network": recipe.network | {"backbone": backbone}})


def test_wide_cnn_is_padded_and_pools_five_times() -> None:
    model = build_model(load_recipe("wide-cnn"))
    assert model.get_layer("pool_5").output.shape == (None, 7, 7, 64)
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        128, 128, 128, 256, 256, 256, 256, 128, 128, 64, 64,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": {"backbone": "vgg19"}}, r"no backbone 'vgg19' \(available: .*vgg16"),
        (
            {"network": {"backbone": "vgg16", "depth": 3}},
            "pretrained does not accept the options in `network`: .*depth",
        ),
        ({"network": {}}, "pretrained does not accept the options .*backbone"),
        ({"architecture": "recipe"}, "no architecture 'recipe'"),
        ({"architecture": "absent"}, "no architecture 'absent'"),
    ],
)
def test_unknown_network_is_rejected(changes: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        build_model(load_recipe("mobilenet").model_copy(update=changes))


def test_plain_cnn_has_the_function_and_gradient_of_the_original() -> None:
    recipe = load_recipe("v1")
    model, original = build_model(recipe), original_network((recipe.input.height, recipe.input.width))
    original.set_weights(model.get_weights())
    images = tf.constant(np.random.default_rng(0).random((3, 150, 150, 3), np.float32))
    outputs, gradients = [], []
    for network in (model, original):
        with tf.GradientTape() as tape:
            probabilities = network(images)
            loss = -tf.reduce_sum(tf.math.log(probabilities[:, 1]))
        outputs.append(probabilities.numpy())
        gradients.append([gradient.numpy() for gradient in tape.gradient(loss, network.trainable_variables)])
    assert outputs[0] == pytest.approx(outputs[1], abs=1e-6)
    for actual, expected in zip(*gradients, strict=True):
        assert actual == pytest.approx(expected, abs=1e-4 * float(np.abs(expected).max()))
