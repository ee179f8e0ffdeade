"""The refitted class layer separates the training images, ignores which source is large, and changes nothing else."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from braintumor.enums import NO_TUMOR_INDEX, Split
from braintumor.errors import DatasetError
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.models.recipe_fields import ClassHeadRecipe
from braintumor.training.class_head import refit_class_head
from braintumor.training.inputs.data import TrainingData
from tests.helpers.training_data import phantom_data


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    recipe = load_recipe("v4")
    size = recipe.input.model_copy(update={"height": 64, "width": 64})
    head = ClassHeadRecipe(inverse_penalty=1e4)
    return recipe.model_copy(update={"input": size, "weights": "none", "freeze_until": "", "class_head": head})


def _build(recipe: Recipe) -> keras.Model:
    """A network whose features are the grey levels of a coarse grid."""
    image = keras.Input((recipe.input.height, recipe.input.width, 1))
    features = keras.layers.Flatten(name="features")(keras.layers.AveragePooling2D(4)(image))
    probabilities = keras.layers.Dense(4, activation="softmax", name="class")(features)
    mask = keras.layers.AveragePooling2D(2, name="mask")(image)
    return keras.Model(image, {"class": probabilities, "mask": mask})


@pytest.fixture(scope="module")
def data(recipe: Recipe) -> TrainingData:
    return phantom_data(recipe.input.to_input_spec(), per_class=12)


def _predict(model: keras.Model, data: TrainingData, rows: np.ndarray) -> dict[str, np.ndarray]:
    return dict(model.predict_on_batch(data.model_inputs[rows][..., None] / np.float32(255)))


def test_refitted_layer_separates_the_training_images(recipe: Recipe, data: TrainingData) -> None:
    model, rows = _build(recipe), data.split_rows(Split.TRAIN)
    before = _predict(model, data, rows)
    refit_class_head(model, recipe, data)
    after = _predict(model, data, rows)
    assert (after["class"].argmax(axis=1) == data.labels[rows]).mean() > 0.9
    assert np.array_equal(before["mask"], after["mask"])


def test_refit_is_reproducible(recipe: Recipe, data: TrainingData) -> None:
    model = _build(recipe)
    refit_class_head(model, recipe, data)
    first = model.get_layer("class").get_weights()
    refit_class_head(model, recipe, data)
    for once, again in zip(first, model.get_layer("class").get_weights(), strict=True):
        assert np.allclose(once, again, atol=1e-5)


def test_refit_needs_images_of_every_class(recipe: Recipe, data: TrainingData) -> None:
    without = data.select(np.flatnonzero(data.manifest["label"] != "pituitary"))
    with pytest.raises(DatasetError, match=r"without training images of: .*[Pp]ituitary"):
        refit_class_head(_build(recipe), recipe, replace(without))


def test_source_penalty_makes_a_mark_of_one_source_matter_less(recipe: Recipe, data: TrainingData) -> None:
    """Half of the tumours come from another scanner, whose images have a bright corner, mirrored or not."""
    has_mark = (data.manifest["label"] != "notumor").to_numpy() & (np.arange(len(data.labels)) % 2 == 0)
    marked = data.model_inputs.copy()
    marked[:, :8, :8] = marked[:, :8, -8:] = 255
    inputs = np.where(has_mark[:, None, None], marked, data.model_inputs)
    manifest = data.manifest.assign(origin=np.where(has_mark, "marked", "plain"))
    scans, rows = replace(data, manifest=manifest, model_inputs=inputs), data.split_rows(Split.TRAIN)
    effects = []
    for source_penalty in (0.0, 100.0):
        head = ClassHeadRecipe(inverse_penalty=1e-2, source_penalty=source_penalty)
        model = _build(recipe)
        refit_class_head(model, recipe.model_copy(update={"class_head": head}), scans)
        plain, with_mark = (
            np.log(_predict(model, replace(data, model_inputs=images), rows)["class"][:, NO_TUMOR_INDEX])
            for images in (data.model_inputs, marked)
        )
        effects.append(np.abs(with_mark - plain).mean())
    assert effects[1] < 0.5 * effects[0]


def test_an_image_and_its_mirror_image_get_the_same_class(recipe: Recipe, data: TrainingData) -> None:
    model, rows = _build(recipe), data.split_rows(Split.TRAIN)
    refit_class_head(model, recipe, data)
    mirrored = replace(data, model_inputs=data.model_inputs[:, :, ::-1])
    assert (_predict(model, mirrored, rows)["class"].argmax(axis=1) == data.labels[rows]).mean() > 0.9
