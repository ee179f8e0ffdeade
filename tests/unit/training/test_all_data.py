"""Training data of all sets: allowed licences only, labels beyond the four classes, and masks of each set."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.external.sets import EXTERNAL_SETS
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.enums import (
    CLASS_NAMES,
    HOLDOUT_SPLIT,
    NO_CLASS_INDEX,
    NO_TUMOR_INDEX,
    UNKNOWN_TYPE_INDEX,
    Protocol,
)
from braintumor.errors import DatasetError
from braintumor.imaging import preprocess, read_scan
from braintumor.models.recipe import FitRecipe, InputRecipe, MaskRecipe, Recipe
from braintumor.settings import Settings
from braintumor.training.data import TrainingData, load_all_data, load_external_data, load_training_data
from tests.helpers.scan_files.external_images import EXTERNAL_IMAGES, write_external_images

RECIPE = Recipe(
    title="all sets",
    data="all",
    architecture="tiny",
    seed=0,
    input=InputRecipe(height=64, width=64, channels=1),
    fit=FitRecipe(learning_rate=0.1, epochs=1),
    mask=MaskRecipe(),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("all")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=12)
    audit_dataset(settings)
    split_dataset(settings=settings)
    write_external_images(settings)
    return settings


@pytest.fixture(scope="module")
def data(settings: Settings) -> TrainingData:
    return load_all_data(RECIPE, Protocol.GROUP, settings, with_masks=True)


def _external(data: TrainingData) -> TrainingData:
    return data.select(np.flatnonzero(data.manifest["origin"].isin(EXTERNAL_SETS)))


def test_only_sets_of_allowed_licences_are_loaded(data: TrainingData, settings: Settings) -> None:
    assert set(_external(data).manifest["origin"]) == {"ds000011", "btp_t1c", "yale_mets_t2", "openms_ljubljana"}
    families = ("CC0", "PDDL", "CC-BY", "CC-BY-NC-SA")
    wider = load_all_data(RECIPE.model_copy(update={"licences": families}), Protocol.GROUP, settings)
    assert set(_external(wider).manifest["origin"]) == set(EXTERNAL_SETS) - {
        "rsna_brats21_t1c", "brats21_t2", "ds002748_t1",
    }  # fmt: skip


def test_kaggle_images_come_first_and_unchanged(data: TrainingData, settings: Settings) -> None:
    kaggle = load_training_data(RECIPE.input.to_input_spec(), settings=settings, with_masks=True)
    count = len(kaggle.manifest)
    assert np.array_equal(data.model_inputs[:count], kaggle.model_inputs)
    assert np.array_equal(data.labels[:count], kaggle.labels)
    assert data.masks is not None
    assert np.array_equal(data.masks[:count], kaggle.masks)


def test_images_without_a_class_are_in_no_split_but_keep_that_of_their_patient(data: TrainingData) -> None:
    external = _external(data)
    assert external.labels.tolist() == [
        NO_TUMOR_INDEX, NO_CLASS_INDEX, CLASS_NAMES.index("glioma"), UNKNOWN_TYPE_INDEX, NO_CLASS_INDEX,
    ]  # fmt: skip
    assert external.manifest["split"].tolist() == ["train", "", "train", "train", ""]
    assert set(external.manifest["patient_split"]) == {"train"}
    assert data.count_images()["train"]["tumor"] == 1


def test_model_inputs_and_masks_are_preprocessed_as_for_serving(data: TrainingData, settings: Settings) -> None:
    external = _external(data)
    row = external.manifest["origin"].tolist().index("btp_t1c")
    path = settings.inputs / external.manifest["path"].iloc[row]
    expected, geometry = preprocess(read_scan(path), RECIPE.input.to_input_spec())
    assert np.array_equal(external.model_inputs[row], expected)
    mask = np.asarray(Image.open(path.parent.parent / "masks" / path.name))
    assert external.masks is not None
    assert np.array_equal(external.masks[row], geometry.mask_to_input(mask))


def test_mask_is_unknown_for_tumours_without_an_outline(data: TrainingData) -> None:
    external = _external(data)
    assert external.mask_known is not None
    known = dict(zip(external.manifest["path"].str.split("/").str[1], external.mask_known.tolist(), strict=True))
    assert known == {"ds000011": True, "btp_t1c": True, "yale_mets_t2": False, "openms_ljubljana": False}


def test_held_out_source_leaves_training_with_all_its_labels(settings: Settings) -> None:
    recipe = RECIPE.model_copy(update={"holdout_source": "ds000011"})
    external = _external(load_all_data(recipe, Protocol.GROUP, settings))
    assert external.manifest["split"].tolist() == [HOLDOUT_SPLIT, "", "train", "train", ""]


def test_external_data_has_every_set_whatever_its_licence(settings: Settings) -> None:
    data = load_external_data(RECIPE.input.to_input_spec(), settings)
    assert len(data.manifest) == len(EXTERNAL_IMAGES)
    assert set(data.manifest["split"]) == {"train"}


def test_protocols_that_leak_are_rejected(settings: Settings) -> None:
    with pytest.raises(DatasetError, match="use the protocol group"):
        load_all_data(RECIPE, Protocol.RANDOM, settings)


def test_recipe_for_all_sets_needs_a_mask() -> None:
    with pytest.raises(ValueError, match=r"add it"):
        Recipe.model_validate(RECIPE.model_dump() | {"mask": None})
