"""Multitask network: parameters, output shapes, exact class maps, and agreement of ONNX with Keras."""

from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from braintumor.models.builder import build_model, load_keras_model
from braintumor.models.heads import EVIDENCE_LAYERS, MirrorDifference
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.models.serving_graph import classifier_only, evidence_layers, multitask_serving_graph
from braintumor.training.export import export_onnx_bytes, max_abs_difference, to_onnx

pytestmark = pytest.mark.slow

SIDE = 64
# By recipe: without and with the evidence of asymmetry, whose 768 features have a weight per class.
PARAMETERS = {"v4": 2_012_133, "v5": 2_012_133 + 4 * 768}


def _recipe(version: str, side: int = SIDE) -> Recipe:
    recipe = load_recipe(version)
    return recipe.model_copy(update={"input": recipe.input.model_copy(update={"height": side, "width": side})})


def _with_changed_weights(model: keras.Model) -> keras.Model:
    """Change weights and statistics, so that they differ from those of a new network."""
    generator = np.random.default_rng(0)
    changes = [0.1 * generator.normal(size=w.shape) for w in model.get_weights()]
    model.set_weights(
        [w * (1 + c) + (np.abs(c) if w.ndim == 1 else 0) for w, c in zip(model.get_weights(), changes, strict=True)]
    )
    return model


def _images(count: int = 3, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(1).random((count, side, side, 1), np.float32)


@pytest.fixture(scope="module", params=list(PARAMETERS))
def version(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def model(version: str) -> keras.Model:
    keras.utils.set_random_seed(3)
    return _with_changed_weights(build_model(_recipe(version)))


def test_parameter_count(model: keras.Model, version: str) -> None:
    assert model.count_params() == PARAMETERS[version]


def test_outputs_are_class_and_mask_at_half_size(model: keras.Model, version: str) -> None:
    outputs = model.predict(_images(), verbose=0)
    assert outputs["class"].shape == (3, 4)
    assert outputs["class"].sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert outputs["mask"].shape == (3, SIDE // 2, SIDE // 2, 1)
    assert build_model(_recipe(version, 160)).output["mask"].shape == (None, 80, 80, 1)


def test_any_size_network_predicts_the_same(model: keras.Model, version: str) -> None:
    any_size = build_model(_recipe(version), any_size=True)
    any_size.set_weights(model.get_weights())
    outputs, expected = (one.predict(_images(), verbose=0) for one in (any_size, model))
    for name in ("class", "mask"):
        assert outputs[name] == pytest.approx(expected[name], abs=1e-5)
    assert any_size.predict(_images(1, 96), verbose=0)["mask"].shape == (1, 48, 48, 1)


def _resize(maps: np.ndarray, side: int) -> np.ndarray:
    """Resize maps (n, classes, rows, columns) with Pillow's bilinear filter."""
    flat = maps.reshape(-1, *maps.shape[2:]).astype(np.float32)
    large = [Image.fromarray(values).resize((side, side), Image.Resampling.BILINEAR) for values in flat]
    return np.stack([np.asarray(values) for values in large]).reshape(*maps.shape[:2], side, side)


def test_map_mean_plus_bias_is_the_logit(model: keras.Model) -> None:
    images = _images()
    evidence = keras.Model(model.input, [layer.output for layer in evidence_layers(model)])
    cells = [np.asarray(values, np.float64) for values in evidence(images)]
    kernel, bias = (np.asarray(w, np.float64) for w in model.get_layer("class").get_weights())
    parts = np.split(kernel, np.cumsum([values.shape[-1] for values in cells])[:-1])
    maps = [(values @ part).transpose(0, 3, 1, 2) for values, part in zip(cells, parts, strict=True)]
    raw = np.sum([_resize(each, SIDE // 8) for each in maps], axis=0)
    outputs = {name: np.asarray(value) for name, value in multitask_serving_graph(model)(images).items()}
    assert raw.mean(axis=(2, 3)) + bias == pytest.approx(outputs["logits"], abs=1e-4)
    assert outputs["maps"] == pytest.approx(np.maximum(raw, 0), abs=1e-4)


def test_serving_graph_matches_training_graph(model: keras.Model) -> None:
    images = _images()
    trained = model.predict(images, verbose=0)
    outputs = {name: np.asarray(value) for name, value in multitask_serving_graph(model)(images).items()}
    assert outputs["probabilities"] == pytest.approx(trained["class"], abs=1e-5)
    assert outputs["mask"] == pytest.approx(1 / (1 + np.exp(-trained["mask"][..., 0])), abs=1e-5)
    assert outputs["features"].shape[0] == len(images)
    assert np.isfinite(outputs["features"]).all()


def test_loaded_network_has_a_serving_graph(model: keras.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model.keras")
    keras.backend.clear_session()  # as in a new process, where names of new layers are counted from 1 again
    loaded, images = load_keras_model(tmp_path / "model.keras"), _images()
    expected = model.predict(images, verbose=0)["class"]
    for _ in range(2):
        assert multitask_serving_graph(loaded)(images)["probabilities"].numpy() == pytest.approx(expected, abs=1e-5)


def test_onnx_matches_keras_in_every_output(model: keras.Model) -> None:
    content, images = to_onnx(model), _images(5)
    assert len(content) < 10_000_000
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert set(names) == {"logits", "probabilities", "maps", "mask", "features"}
    outputs = dict(zip(names, session.run(None, {session.get_inputs()[0].name: images}), strict=True))
    for name, value in multitask_serving_graph(model)(images).items():
        assert outputs[name] == pytest.approx(np.asarray(value), rel=1e-4, abs=1e-4), name
    assert max_abs_difference(model, content, images) < 1e-5


def test_mirrored_image_has_mirrored_differences() -> None:
    values = np.random.default_rng(2).random((1, 4, 6, 2), np.float32)
    differences = np.asarray(MirrorDifference()(values))
    assert np.array_equal(differences, np.asarray(MirrorDifference()(values[:, :, ::-1])))
    assert differences[0, 1, 0] == pytest.approx(np.abs(values[0, 1, 0] - values[0, 1, 5]))
    symmetric = np.concatenate([values, values[:, :, ::-1]], axis=2)
    assert not np.asarray(MirrorDifference()(symmetric)).any()


def test_classifier_only_has_no_mask_layers(model: keras.Model) -> None:
    classifier = classifier_only(model)
    deep = keras.Model(model.input, model.get_layer("deep").output).predict(_images(), verbose=0)
    kernel, bias = model.get_layer("class").get_weights()
    expected = deep.mean(axis=(1, 2)) @ kernel[: deep.shape[-1]] + bias
    assert classifier.predict(_images(), verbose=0)["logits"] == pytest.approx(expected, abs=1e-4)
    assert not {layer.name for layer in classifier.layers} & {"mask", "class", *EVIDENCE_LAYERS[1:]}
    assert len(export_onnx_bytes(classifier)) < len(to_onnx(model))
