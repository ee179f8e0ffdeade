"""Training data of all sets: allowed licences only, labels beyond the four classes, and masks of each set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.ct_slices import CT_SLICES_FILE
from braintumor.datasets.external.manifest import read_external_manifest, write_external_manifest
from braintumor.datasets.external.sets import EXTERNAL_SETS
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.datasets.stored_turns import UPSIDE_DOWN_FILE
from braintumor.enums import (
    CLASS_NAMES,
    HOLDOUT_SPLIT,
    NO_CLASS_INDEX,
    NO_TUMOR_INDEX,
    UNKNOWN_TYPE_INDEX,
    Protocol,
    Split,
)
from braintumor.errors import DatasetError
from braintumor.imaging import preprocess, read_scan
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.all_data import load_all_data, load_external_data
from braintumor.training.inputs.data import TrainingData, load_training_data
from braintumor.training.inputs.input_pipeline import split_tensors
from tests.helpers.scan_files.external_images import EXTERNAL_IMAGES, write_external_images
from tests.helpers.training_data import ALL_SETS_RECIPE


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
    return load_all_data(ALL_SETS_RECIPE, Protocol.GROUP, settings, with_masks=True)


def _external(data: TrainingData) -> TrainingData:
    return data.select(np.flatnonzero(data.manifest["origin"].isin(EXTERNAL_SETS)))


def test_only_sets_of_allowed_licences_are_loaded(data: TrainingData, settings: Settings) -> None:
    assert set(_external(data).manifest["origin"]) == {"ds000011", "btp_t1c", "yale_mets_t2", "openms_ljubljana"}
    families = ("CC0", "PDDL", "CC-BY", "CC-BY-NC-SA")
    wider = load_all_data(ALL_SETS_RECIPE.model_copy(update={"licences": families}), Protocol.GROUP, settings)
    assert set(_external(wider).manifest["origin"]) == set(EXTERNAL_SETS) - {
        "rsna_brats21_t1c", "brats21_t2", "ds002748_t1",
    }  # fmt: skip


def test_licences_name_every_source_of_images_and_masks(data: TrainingData, settings: Settings) -> None:
    licences = data.list_licences()
    assert licences["ds000011"] == "PDDL-1.0"
    assert licences["brisc2025"] == "CC-BY-4.0"
    without_masks = load_all_data(ALL_SETS_RECIPE, Protocol.GROUP, settings)
    assert licences.keys() - without_masks.list_licences().keys() == {"brisc2025"}


def test_kaggle_images_come_first_and_unchanged(data: TrainingData, settings: Settings) -> None:
    kaggle = load_training_data(ALL_SETS_RECIPE.input.to_input_spec(), settings=settings, with_masks=True)
    count = len(kaggle.manifest)
    assert np.array_equal(data.model_inputs[:count], kaggle.model_inputs)
    assert np.array_equal(data.labels[:count], kaggle.labels)
    assert data.masks is not None
    assert np.array_equal(data.masks[:count], kaggle.masks)


def test_other_lesions_and_slices_outside_the_brain_train_as_no_tumour(data: TrainingData) -> None:
    external = _external(data)
    assert external.labels.tolist() == [
        NO_TUMOR_INDEX, NO_TUMOR_INDEX, CLASS_NAMES.index("glioma"), UNKNOWN_TYPE_INDEX, NO_TUMOR_INDEX,
    ]  # fmt: skip
    assert set(external.manifest["split"]) == {"train"}
    assert data.count_images()["train"]["tumor"] == 1


def test_images_without_a_class_are_not_tested_but_keep_the_split_of_their_patient(settings: Settings) -> None:
    manifest = read_external_manifest(settings)
    write_external_manifest(manifest.assign(split="test"), settings)
    try:
        external = _external(load_all_data(ALL_SETS_RECIPE, Protocol.GROUP, settings))
    finally:
        write_external_manifest(manifest, settings)
    assert external.labels[1] == NO_CLASS_INDEX
    assert external.manifest["split"].tolist() == ["test", "", "test", "", "test"]
    assert set(external.manifest["patient_split"]) == {"test"}


def test_head_ct_is_not_trained_on_and_still_tested(data: TrainingData, settings: Settings) -> None:
    kaggle = data.manifest[~data.manifest["origin"].isin(EXTERNAL_SETS)]
    paths = kaggle["path"].str.removeprefix(f"{KAGGLE.folder}/")
    (settings.dataset_outputs / CT_SLICES_FILE).write_text("path\n" + "\n".join(paths))
    try:
        splits = load_all_data(ALL_SETS_RECIPE, Protocol.GROUP, settings).manifest["split"][: len(kaggle)]
    finally:
        (settings.dataset_outputs / CT_SLICES_FILE).unlink()
    assert splits.tolist() == kaggle["split"].where(kaggle["split"] == "test", "").tolist()


def test_images_stored_upside_down_are_turned_for_training(data: TrainingData, settings: Settings) -> None:
    kaggle = data.manifest[~data.manifest["origin"].isin(EXTERNAL_SETS)]
    paths = kaggle["path"].str.removeprefix(f"{KAGGLE.folder}/")
    pd.DataFrame({"path": paths, "stored": "upside down"}).to_csv(settings.dataset_outputs / UPSIDE_DOWN_FILE)
    try:
        loaded = load_all_data(ALL_SETS_RECIPE, Protocol.GROUP, settings)
    finally:
        (settings.dataset_outputs / UPSIDE_DOWN_FILE).unlink()
    training = split_tensors(ALL_SETS_RECIPE, loaded, Split.TRAIN).model_inputs.numpy()
    turned = training[: (kaggle["split"] == "train").sum()]
    stored = data.model_inputs[np.flatnonzero(kaggle["split"] == "train")]
    assert np.array_equal(turned, stored[:, ::-1, ::-1])
    tested = split_tensors(ALL_SETS_RECIPE, loaded, Split.TEST).model_inputs.numpy()
    assert np.array_equal(tested, data.model_inputs[data.split_rows(Split.TEST)])


def test_model_inputs_and_masks_are_preprocessed_as_for_serving(data: TrainingData, settings: Settings) -> None:
    external = _external(data)
    row = external.manifest["origin"].tolist().index("btp_t1c")
    path = settings.inputs / external.manifest["path"].iloc[row]
    expected, geometry = preprocess(read_scan(path), ALL_SETS_RECIPE.input.to_input_spec())
    assert np.array_equal(external.model_inputs[row], expected)
    mask = np.asarray(Image.open(path.parent.parent / "masks" / path.name))
    assert external.masks is not None
    assert np.array_equal(external.masks[row], geometry.mask_to_input(mask))


def test_mask_is_unknown_for_tumours_without_an_outline(data: TrainingData) -> None:
    external = _external(data)
    assert external.mask_known is not None
    mask_known = dict(zip(external.manifest["path"].str.split("/").str[1], external.mask_known.tolist(), strict=True))
    assert mask_known == {"ds000011": True, "btp_t1c": True, "yale_mets_t2": False, "openms_ljubljana": True}


def test_held_out_source_leaves_training_with_all_its_labels(settings: Settings) -> None:
    recipe = ALL_SETS_RECIPE.model_copy(update={"holdout_source": "ds000011"})
    external = _external(load_all_data(recipe, Protocol.GROUP, settings))
    assert external.manifest["split"].tolist() == [HOLDOUT_SPLIT, HOLDOUT_SPLIT, "train", "train", "train"]


def test_several_sources_are_held_out_together(settings: Settings) -> None:
    recipe = ALL_SETS_RECIPE.model_copy(update={"holdout_source": ("ds000011", "yale_mets_t2")})
    external = _external(load_all_data(recipe, Protocol.GROUP, settings))
    assert external.manifest["split"].tolist() == [HOLDOUT_SPLIT, HOLDOUT_SPLIT, "train", HOLDOUT_SPLIT, "train"]


def test_external_data_has_every_set_whatever_its_licence(settings: Settings) -> None:
    data = load_external_data(ALL_SETS_RECIPE.input.to_input_spec(), settings)
    assert len(data.manifest) == len(EXTERNAL_IMAGES)
    assert set(data.manifest["split"]) == {"train"}


def test_protocols_that_leak_are_rejected(settings: Settings) -> None:
    with pytest.raises(DatasetError, match="use the protocol group"):
        load_all_data(ALL_SETS_RECIPE, Protocol.RANDOM, settings)


def test_recipe_for_all_sets_needs_a_mask() -> None:
    with pytest.raises(ValueError, match=r"add it"):
        Recipe.model_validate(ALL_SETS_RECIPE.model_dump() | {"mask": None})
