"""Every architecture of the field: built exactly, as its original was, and told from the others by its recipe alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.baseline.training_ways import original_network
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
    "yesno-mobilenet": 2_030_097,
    "yesno-vgg16": 14_846_273,  # 14,714,688 of VGG16, 512 x 256 + 256, 256 + 1
    "yesno-resnet50": 24_112_513,  # 23,587,712 of ResNet50, 2,048 x 256 + 256, 256 + 1
    "yesno-inceptionv3": 22_327_585,  # 21,802,784 of InceptionV3, 2,048 x 256 + 256, 256 + 1
    # 4,049,571 of EfficientNetB0, 1,280 x 256 + 256, 256 + 1, less the 7 of its normalization, which `prepare` does
    "yesno-efficientnetb0": 4_377_757,
    "yesno-mobilenetv3": 3_242_625,  # 2,996,352 of MobileNetV3 Large, 960 x 256 + 256, 256 + 1
}


@pytest.mark.parametrize(("version", "count"), PARAMETERS.items())
def test_a_version_has_as_many_parameters_as_its_original(version: str, count: int) -> None:
    recipe = load_recipe(version)
    model = build_model(recipe)
    assert model.count_params() == count
    assert model.output_shape == (None, recipe.outputs)
    assert model.input_shape == (None, recipe.input.height, recipe.input.width, 3)


@pytest.mark.parametrize("base", ["resnet50", "inceptionv3", "mobilenetv3", "xception"])
def test_a_large_base_prepares_pictures_as_its_own_weights_want_them(base: str) -> None:
    own = {"resnet50": keras.applications.resnet50, "inceptionv3": keras.applications.inception_v3,
           "mobilenetv3": keras.applications.mobilenet_v3, "xception": keras.applications.xception}  # fmt: skip
    model = build_model(_small(base))
    grey = np.repeat(np.random.default_rng(0).random((1, 75, 75, 1), np.float32), 3, axis=3)
    wanted = own[base].preprocess_input(255 * grey.copy())
    assert np.allclose(model.get_layer("prepare")(grey), wanted, atol=1e-4)


def test_efficientnet_prepares_pictures_outside_the_base_as_it_would_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    # Keras fetches ImageNet's weights, and then alone divides twice by the root of the deviation: here nothing is had.
    efficientnet = "keras.src.applications.efficientnet"
    monkeypatch.setattr(f"{efficientnet}.file_utils.get_file", lambda *_, **__: "unread")
    monkeypatch.setattr("keras.src.models.functional.Functional.load_weights", lambda *_, **__: None)
    whole = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", input_shape=(75, 75, 3))
    means, deviations = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    normalization = next(layer for layer in whole.layers if isinstance(layer, keras.layers.Normalization))
    normalization.set_weights([np.array(means), np.array(deviations), np.array(0)])  # as in the file of its weights
    normalization.finalize_state()
    model = build_model(_small("efficientnetb0"))
    model.get_layer("base").set_weights(whole.get_weights()[3:])
    pictures = np.random.default_rng(0).random((2, 75, 75, 3), np.float32)
    found = model.get_layer("base")(model.get_layer("prepare")(pictures))
    wanted = whole(255 * pictures).numpy()
    assert found.numpy() == pytest.approx(wanted, abs=1e-4 * float(np.abs(wanted).max()))


def _small(base: str) -> Recipe:
    recipe = load_recipe("yesno-mobilenet")
    size = recipe.input.model_copy(update={"height": 75, "width": 75})
    return recipe.model_copy(update={"input": size, "network": recipe.network | {"base": base}})


def test_the_wide_network_is_padded_and_pools_five_times() -> None:
    model = build_model(load_recipe("wide-cnn"))
    assert model.get_layer("pool_5").output.shape == (None, 7, 7, 64)
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        128, 128, 128, 256, 256, 256, 256, 128, 128, 64, 64,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": {"base": "vgg19"}}, r"no base 'vgg19'; there are .*vgg16"),
        ({"network": {"base": "vgg16", "depth": 3}}, "pretrained cannot be built as `network` asks: .*depth"),
        ({"network": {}}, "pretrained cannot be built as `network` asks: .*base"),
        ({"architecture": "recipe"}, "no architecture 'recipe'"),
        ({"architecture": "absent"}, "no architecture 'absent'"),
    ],
)
def test_a_recipe_that_asks_for_a_network_there_is_not_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        build_model(load_recipe("mobilenet").model_copy(update=changes))


def test_the_plain_cnn_is_the_original_s_function_and_gradient() -> None:
    recipe = load_recipe("v1")
    ours, original = build_model(recipe), original_network((recipe.input.height, recipe.input.width))
    original.set_weights(ours.get_weights())
    images = tf.constant(np.random.default_rng(0).random((3, 150, 150, 3), np.float32))
    said, slopes = [], []
    for network in (ours, original):
        with tf.GradientTape() as tape:
            answer = network(images)
            loss = -tf.reduce_sum(tf.math.log(answer[:, 1]))
        said.append(answer.numpy())
        slopes.append([slope.numpy() for slope in tape.gradient(loss, network.trainable_variables)])
    assert said[0] == pytest.approx(said[1], abs=1e-6)
    for found, wanted in zip(*slopes, strict=True):
        assert found == pytest.approx(wanted, abs=1e-4 * float(np.abs(wanted).max()))
