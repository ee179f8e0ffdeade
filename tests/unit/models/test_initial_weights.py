"""Initial weights: ImageNet's from a folder, grey from three colours, layers kept as they are, mistakes named."""

import math
from pathlib import Path

import keras
import numpy as np
import pytest

from braintumor.errors import RecipeError
from braintumor.models.architectures.multitask_mobilenet import WEIGHT_FILES
from braintumor.models.builder import InitialWeights, build_model, freeze_up_to, iter_leaf_layers, load_initial_weights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings
from braintumor.training.schedule import frozen_layer_at


def _recipe(architecture: str, **changes: object) -> Recipe:
    recipe = load_recipe("v4")
    size = recipe.input.model_copy(update={"height": 64, "width": 64})
    usual = {"architecture": architecture, "input": size, "weights": "none", "frozen_through": ""}
    return recipe.model_copy(update=usual | changes)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, keras.Model]:
    """A folder with weights made up in the place of ImageNet's, and the network they are of."""
    folder = tmp_path_factory.mktemp("weights")
    model = keras.applications.MobileNet(input_shape=(224, 224, 3), alpha=0.75, include_top=False, weights=None)
    model.save_weights(folder / WEIGHT_FILES[0])
    return folder, model


def test_the_encoder_sees_in_a_grey_picture_what_imagenet_s_sees_in_its_colours_from_minus_1_to_1(
    source: tuple[Path, keras.Model],
) -> None:
    folder, made = source
    recipe = _recipe("masked_mobilenet", weights="imagenet")
    model = build_model(recipe)
    load_initial_weights(model, recipe, Settings(weights_dir=folder))
    assert model.get_layer("conv1").kernel.shape == (3, 3, 1, 24)
    grey = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)
    colours = np.zeros((1, 224, 224, 3), np.float32)
    colours[:, :64, :64] = 2 * grey - 1
    found, wanted = (
        keras.Model(network.input, network.get_layer("conv1_relu").output)(image).numpy()
        for network, image in ((model, grey), (made, colours))
    )
    assert found[:, :30, :30] == pytest.approx(wanted[:, :30, :30], abs=1e-4)
    for name in ("conv_pw_3", "conv_pw_13"):
        for found, wanted in zip(model.get_layer(name).get_weights(), made.get_layer(name).get_weights(), strict=True):
            assert np.array_equal(found, wanted)


def test_a_recipe_without_weights_leaves_the_random_ones() -> None:
    recipe = _recipe("masked_mobilenet")
    model = build_model(recipe)
    before = model.get_weights()
    load_initial_weights(model, recipe, Settings(weights_dir=Path("nowhere")))
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert all(layer.trainable for layer in model.layers)


def test_layers_up_to_the_named_one_are_kept_and_those_behind_it_learn() -> None:
    recipe = _recipe("masked_mobilenet", frozen_through="conv_pw_5_relu")
    model = build_model(recipe)
    load_initial_weights(model, recipe)
    names = [layer.name for layer in model.layers]
    last = names.index("conv_pw_5_relu")
    assert not any(layer.trainable for layer in model.layers[: last + 1])
    assert all(layer.trainable for layer in model.layers[last + 1 :])


@pytest.mark.parametrize(
    ("architecture", "changes", "said"),
    [
        ("four_block", {"weights": "imagenet"}, "four_block has no ImageNet weights"),
        ("masked_mobilenet", {"frozen_through": "stage_9"}, "no layer 'stage_9' to freeze through"),
    ],
)
def test_a_recipe_that_asks_for_what_there_is_not_is_refused(
    architecture: str, changes: dict[str, str], said: str
) -> None:
    recipe = _recipe(architecture, **changes)
    with pytest.raises(RecipeError, match=said):
        load_initial_weights(build_model(recipe), recipe)


def test_a_nested_base_is_thawed_layer_by_layer_and_frozen_as_a_whole_by_its_name() -> None:
    model = build_model(load_recipe("mobilenet"))
    base = model.get_layer("base")
    freeze_up_to(model, "base")
    assert not base.trainable_weights
    assert model.trainable_weights
    freeze_up_to(model, "conv_pw_9_relu")
    learning = {layer.name for layer in base.layers if layer.trainable_weights}
    assert "conv_pw_10" in learning
    assert "conv_pw_9" not in learning
    freeze_up_to(model, "")
    assert len(base.trainable_weights) == len([w for w in base.weights if "moving" not in w.name])


def test_of_v2_the_head_alone_learns_and_of_v3_the_last_block_too() -> None:
    learning = {}
    for version in ("v2", "v3"):
        recipe = load_recipe(version)
        model = build_model(recipe)
        freeze_up_to(model, recipe.frozen_through)
        learning[version] = [layer.name for layer in iter_leaf_layers(model) if layer.trainable_weights]
    assert learning["v3"] == ["block5_conv1", "block5_conv2", "block5_conv3", *learning["v2"]]
    assert len(learning["v2"]) == 2


@pytest.mark.parametrize("version", ["mobilenet", "xception"])
def test_fine_tuning_thaws_more_of_the_base_at_each_of_its_shares_of_the_epochs(version: str) -> None:
    recipe = load_recipe(version)
    model, learning = build_model(recipe), []
    for epoch in range(recipe.fit.epochs):
        freeze_up_to(model, frozen_layer_at(epoch, recipe))
        learning.append(len(model.trainable_weights))
    starts = [0, *(math.ceil(share * recipe.fit.epochs) for share, _ in recipe.thaw)]
    assert learning == sorted(learning)
    assert [epoch for epoch in range(len(learning)) if epoch == 0 or learning[epoch] > learning[epoch - 1]] == starts
    assert learning[0] == len(model.get_layer("probabilities").weights)


def test_the_base_is_given_imagenet_s_weights_and_a_file_named_is_read_before_the_folder(
    source: tuple[Path, keras.Model],
) -> None:
    folder, made = source
    recipe = load_recipe("mobilenet")
    start = InitialWeights.from_recipe(recipe, str(folder / WEIGHT_FILES[0]))
    model = build_model(recipe)
    load_initial_weights(model, recipe, Settings(weights_dir=Path("nowhere")), file=start.file)
    for found, wanted in zip(model.get_layer("base").get_weights(), made.get_weights(), strict=True):
        assert np.array_equal(found, wanted)
    assert start.to_dict()["file"] == WEIGHT_FILES[0]
    assert len(start.to_dict()["sha256"]) == 64


def test_the_start_is_what_is_asked_for_and_nothing_is_random_unasked(tmp_path: Path) -> None:
    recipe, settings = load_recipe("v2"), Settings(weights_dir=tmp_path)
    assert InitialWeights.from_recipe(recipe, None, settings).to_dict() == {"initial": "imagenet"}
    assert InitialWeights.from_recipe(recipe, "none", settings).to_dict() == {"initial": "none"}
    assert InitialWeights.from_recipe(load_recipe("v1"), None, settings).to_dict() == {"initial": "none"}
    with pytest.raises(RecipeError, match=r"no weights at .*absent\.h5"):
        InitialWeights.from_recipe(recipe, str(tmp_path / "absent.h5"), settings)


def test_weights_that_cannot_be_downloaded_stop_the_training_and_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    recipe = load_recipe("mobilenet")
    model = build_model(recipe)
    monkeypatch.setattr("braintumor.models.architectures.pretrained._build_backbone", unreachable)
    with pytest.raises(RecipeError, match=r"weights of mobilenet .*unreachable.*--weights FILE.*--weights none"):
        load_initial_weights(model, recipe, Settings())


def test_weights_that_cannot_be_read_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / WEIGHT_FILES[0]).write_bytes(b"no weights")
    recipe = _recipe("masked_mobilenet", weights="imagenet")
    with pytest.raises(RecipeError, match=r"could not be had.*BRAINTUMOR_WEIGHTS_DIR"):
        load_initial_weights(build_model(recipe), recipe, Settings(weights_dir=tmp_path))
