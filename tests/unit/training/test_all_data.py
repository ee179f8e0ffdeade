"""Training data of all sets: allowed licences only, labels beyond the four classes, and masks of each set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.external.manifest import EXTERNAL_COLUMNS, write_external_manifest
from braintumor.datasets.external.sets import EXTERNAL_SETS, external_folder
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.phantoms import make_phantom
from braintumor.datasets.splits import split_dataset
from braintumor.enums import (
    CLASS_NAMES,
    HOLDOUT_SPLIT,
    NO_CLASS_INDEX,
    NO_TUMOR_INDEX,
    UNKNOWN_TYPE_INDEX,
    Protocol,
    TumorClass,
)
from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file
from braintumor.imaging import preprocess, read_scan
from braintumor.models.recipe import FitRecipe, InputRecipe, MaskRecipe, Recipe
from braintumor.settings import Settings
from braintumor.training.data import TrainingData, load_all_data, load_external_data, load_training_data

RECIPE = Recipe(
    title="all sets",
    data="all",
    architecture="tiny",
    seed=0,
    input=InputRecipe(height=64, width=64, channels=1),
    fit=FitRecipe(learning_rate=0.1, epochs=1),
    mask=MaskRecipe(),
)
# Set, label, phantom, field, and whether there is a mask.
_IMAGES = [
    ("ds000011", "notumor", TumorClass.NOTUMOR, "brain", False),
    ("ds000011", "notumor", TumorClass.NOTUMOR, "outside", False),
    ("btp_t1c", "glioma", TumorClass.GLIOMA, "", True),
    ("rsna_brats21_t1c", "glioma", TumorClass.GLIOMA, "", False),
    ("lgg_other", "glioma", TumorClass.GLIOMA, "", True),
    ("yale_mets_t2", "tumor", TumorClass.MENINGIOMA, "", False),
    ("openms_ljubljana", "other-lesion", TumorClass.NOTUMOR, "", False),
]


def _write_external(settings: Settings) -> None:
    rows = []
    for number, (origin, label, phantom, field, has_mask) in enumerate(_IMAGES):
        drawn, path = make_phantom(phantom, 50 + number), f"{origin}/images/{number}.png"
        for name, pixels in [("images", drawn.pixels), *([("masks", drawn.mask)] if has_mask else [])]:
            file = external_folder(settings) / origin / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
        height, width = drawn.pixels.shape
        known = {"sha256": sha256_file(external_folder(settings) / path), "width": width, "height": height}
        set_values = {"origin": origin, "licence": EXTERNAL_SETS[origin].licence, "group": f"{origin}/p"}
        image = {"path": path, "label": label, "field": field, "has_mask": has_mask, "split": "train", "plane": "axial"}
        rows.append(known | set_values | image)
    write_external_manifest(pd.DataFrame(rows, columns=list(EXTERNAL_COLUMNS), dtype=object).fillna(""), settings)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("all")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=12)
    audit_dataset(settings)
    split_dataset(settings=settings)
    _write_external(settings)
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
    assert len(data.manifest) == len(_IMAGES)
    assert set(data.manifest["split"]) == {"train"}


def test_protocols_that_leak_are_rejected(settings: Settings) -> None:
    with pytest.raises(DatasetError, match="use the protocol group"):
        load_all_data(RECIPE, Protocol.RANDOM, settings)


def test_recipe_for_all_sets_needs_a_mask() -> None:
    with pytest.raises(ValueError, match=r"add it"):
        Recipe.model_validate(RECIPE.model_dump() | {"mask": None})
