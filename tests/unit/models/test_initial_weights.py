"""Initial weights: loading, conversion from colour to gray, frozen layers, and errors."""

import math
from pathlib import Path

import keras
import numpy as np
import pytest

from braintumor.errors import RecipeError
from braintumor.models.architectures.multitask_mobilenet import WEIGHT_FILES
from braintumor.models.builder import build_model, iter_leaf_layers
from braintumor.models.initial_weights import InitialWeights, freeze_up_to, load_initial_weights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings
from braintumor.training.schedule import frozen_layer_at


def _recipe(architecture: str, **changes: object) -> Recipe:
    recipe = load_recipe("v4")
    size = recipe.input.model_copy(update={"height": 64, "width": 64})
    defaults = {"architecture": architecture, "input": size, "weights": "none", "freeze_until": ""}
    return recipe.model_copy(update=defaults | changes)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, keras.Model]:
    """A folder with random weights under the file name of ImageNet's, and their network."""
    folder = tmp_path_factory.mktemp("weights")
    model = keras.applications.MobileNet(input_shape=(224, 224, 3), alpha=0.75, include_top=False, weights=None)
    model.save_weights(folder / WEIGHT_FILES[0])
    return folder, model


def test_converted_encoder_matches_imagenet_encoder_on_grey_images(
    source: tuple[Path, keras.Model],
) -> None:
    folder, network = source
    recipe = _recipe("multitask_mobilenet", weights="imagenet")
    model = build_model(recipe)
    load_initial_weights(model, recipe, Settings(weights_dir=folder))
    assert model.get_layer("conv1").kernel.shape == (3, 3, 1, 24)
    gray = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)
    colors = np.zeros((1, 224, 224, 3), np.float32)
    colors[:, :64, :64] = 2 * gray - 1
    actual, expected = (
        keras.Model(encoder.input, encoder.get_layer("conv1_relu").output)(image).numpy()
        for encoder, image in ((model, gray), (network, colors))
    )
    assert actual[:, :30, :30] == pytest.approx(expected[:, :30, :30], abs=1e-4)
    for name in ("conv_pw_3", "conv_pw_13"):
        for actual, expected in zip(
            model.get_layer(name).get_weights(), network.get_layer(name).get_weights(), strict=True
        ):
            assert np.array_equal(actual, expected)


def test_weights_none_keeps_the_random_weights() -> None:
    recipe = _recipe("multitask_mobilenet")
    model = build_model(recipe)
    before = model.get_weights()
    load_initial_weights(model, recipe, Settings(weights_dir=Path("nowhere")))
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert all(layer.trainable for layer in model.layers)


def test_layers_up_to_the_named_one_are_frozen() -> None:
    recipe = _recipe("multitask_mobilenet", freeze_until="conv_pw_5_relu")
    model = build_model(recipe)
    load_initial_weights(model, recipe)
    names = [layer.name for layer in model.layers]
    last = names.index("conv_pw_5_relu")
    assert not any(layer.trainable for layer in model.layers[: last + 1])
    assert all(layer.trainable for layer in model.layers[last + 1 :])


@pytest.mark.parametrize(
    ("architecture", "changes", "message"),
    [
        ("four_block", {"weights": "imagenet"}, "four_block has no ImageNet weights"),
        ("multitask_mobilenet", {"freeze_until": "stage_9"}, "no layer 'stage_9' to freeze up to"),
    ],
)
def test_missing_weights_or_layer_is_rejected(architecture: str, changes: dict[str, str], message: str) -> None:
    recipe = _recipe(architecture, **changes)
    with pytest.raises(RecipeError, match=message):
        load_initial_weights(build_model(recipe), recipe)


def test_nested_backbone_is_frozen_by_layer_or_as_a_whole() -> None:
    model = build_model(load_recipe("mobilenet"))
    backbone = model.get_layer("backbone")
    freeze_up_to(model, "backbone")
    assert not backbone.trainable_weights
    assert model.trainable_weights
    freeze_up_to(model, "conv_pw_9_relu")
    trainable = {layer.name for layer in backbone.layers if layer.trainable_weights}
    assert "conv_pw_10" in trainable
    assert "conv_pw_9" not in trainable
    freeze_up_to(model, "")
    assert len(backbone.trainable_weights) == len([w for w in backbone.weights if "moving" not in w.name])


def test_v2_trains_the_head_and_v3_the_last_block_too() -> None:
    trainable = {}
    for version in ("v2", "v3"):
        recipe = load_recipe(version)
        model = build_model(recipe)
        freeze_up_to(model, recipe.freeze_until)
        trainable[version] = [layer.name for layer in iter_leaf_layers(model) if layer.trainable_weights]
    assert trainable["v3"] == ["block5_conv1", "block5_conv2", "block5_conv3", *trainable["v2"]]
    assert len(trainable["v2"]) == 2


def test_gradual_unfreezing_follows_the_recipe() -> None:
    recipe = load_recipe("mobilenet")
    model, trainable = build_model(recipe), []
    for epoch in range(recipe.fit.epochs):
        freeze_up_to(model, frozen_layer_at(epoch, recipe))
        trainable.append(len(model.trainable_weights))
    starts = [0, *(math.ceil(start * recipe.fit.epochs) for start, _ in recipe.unfreeze)]
    assert trainable == sorted(trainable)
    assert [epoch for epoch in range(len(trainable)) if epoch == 0 or trainable[epoch] > trainable[epoch - 1]] == starts
    assert trainable[0] == len(model.get_layer("probabilities").weights)


def test_named_weights_file_is_loaded_into_the_backbone(
    source: tuple[Path, keras.Model],
) -> None:
    folder, network = source
    recipe = load_recipe("mobilenet")
    initial = InitialWeights.from_recipe(recipe, str(folder / WEIGHT_FILES[0]))
    model = build_model(recipe)
    load_initial_weights(model, recipe, Settings(weights_dir=Path("nowhere")), file=initial.file)
    for actual, expected in zip(model.get_layer("backbone").get_weights(), network.get_weights(), strict=True):
        assert np.array_equal(actual, expected)
    assert initial.to_dict()["file"] == WEIGHT_FILES[0]
    assert len(initial.to_dict()["sha256"]) == 64


def test_initial_weights_follow_override_then_recipe(tmp_path: Path) -> None:
    recipe, settings = load_recipe("v2"), Settings(weights_dir=tmp_path)
    assert InitialWeights.from_recipe(recipe, None, settings).to_dict() == {"initial": "imagenet"}
    assert InitialWeights.from_recipe(recipe, "none", settings).to_dict() == {"initial": "none"}
    assert InitialWeights.from_recipe(load_recipe("v1"), None, settings).to_dict() == {"initial": "none"}
    with pytest.raises(RecipeError, match=r"no weights at .*absent\.h5"):
        InitialWeights.from_recipe(recipe, str(tmp_path / "absent.h5"), settings)


def test_failed_download_names_the_remedies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    recipe = load_recipe("mobilenet")
    model = build_model(recipe)
    monkeypatch.setattr("braintumor.models.architectures.pretrained._build_backbone", unreachable)
    with pytest.raises(
        RecipeError,
        match=r"Cannot load the ImageNet weights of mobilenet .*unreachable.*--weights FILE.*--weights none",
    ):
        load_initial_weights(model, recipe, Settings())


def test_unreadable_weights_name_the_remedy(tmp_path: Path) -> None:
    (tmp_path / WEIGHT_FILES[0]).write_bytes(b"no weights")
    recipe = _recipe("multitask_mobilenet", weights="imagenet")
    with pytest.raises(RecipeError, match=r"Cannot load the ImageNet weights.*BRAINTUMOR_WEIGHTS_DIR"):
        load_initial_weights(build_model(recipe), recipe, Settings(weights_dir=tmp_path))


def test_training_continues_from_the_network_of_a_version(tmp_path: Path) -> None:
    recipe, other = (_recipe("multitask_mobilenet", weights=weights) for weights in ("v9", "none"))
    settings = Settings(outputs=tmp_path)
    with pytest.raises(RecipeError, match=r"v9 has no model\.keras.*braintumor train v9"):
        InitialWeights.from_recipe(recipe, None, settings)
    (tmp_path / "v9").mkdir()
    source, model = build_model(other), build_model(recipe)
    source.save(tmp_path / "v9" / "model.keras")
    initial = InitialWeights.from_recipe(recipe, None, settings)
    load_initial_weights(model, recipe, file=initial.file)
    assert initial.to_dict()["initial"] == "v9"
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), source.get_weights(), strict=True))
    plain = _recipe("wide_cnn", weights="v9")
    with pytest.raises(RecipeError, match="not that of this recipe"):
        load_initial_weights(build_model(plain), plain, file=initial.file)


def test_network_with_asymmetry_continues_from_one_without(tmp_path: Path) -> None:
    before, after = _recipe("multitask_mobilenet"), load_recipe("v5")
    after = after.model_copy(update={"input": before.input})
    source, model = build_model(before), build_model(after)
    source.save(tmp_path / "model.keras")
    load_initial_weights(model, after, file=tmp_path / "model.keras")
    image = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)
    assert np.array_equal(*(np.asarray(network(image)["mask"]) for network in (source, model)))
    old, new = (np.asarray(keras.Model(n.input, n.get_layer("features").output)(image)) for n in (source, model))
    assert np.array_equal(old, new[:, : old.shape[1]])
