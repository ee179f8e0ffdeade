"""Phantoms: synthetic heads with a tumour by class, in a set with the same flaws as the real one."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from braintumor.datasets.phantom_sets import PHANTOM_COLUMNS, write_phantoms
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, Plane, TumorClass


@pytest.fixture(scope="module")
def phantom_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantoms(folder, per_class=24, seed=3)
    return folder


@pytest.fixture(scope="module")
def provenance(phantom_set: Path) -> pd.DataFrame:
    return pd.read_csv(phantom_set / "provenance.csv", keep_default_na=False)


def _path(folder: Path, row: pd.Series) -> Path:
    return folder / row["split"] / row["label"] / row["file"]


def _hashes(folder: Path) -> dict[str, str]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(CLASSES), st.integers(0, 10_000), st.sampled_from(list(Plane)[:3]), st.integers(0, 4))
def test_phantom_is_a_head_on_black_with_a_tumor_if_its_class_has_one(
    label: TumorClass, seed: int, plane: Plane, step: int
) -> None:
    phantom = make_phantom(label, seed, 96, plane, step)
    assert phantom.pixels.shape == phantom.mask.shape == (96, 96)
    assert phantom.pixels.dtype == np.uint8
    assert phantom.pixels[:4, :4].mean() < 24 < phantom.pixels[30:66, 30:66].mean()
    assert phantom.mask.any() == label.is_tumor
    assert phantom.mask.mean() < 0.25


def test_pixels_depend_on_the_seed() -> None:
    first, second, other = (make_phantom(TumorClass.GLIOMA, seed, 96).pixels for seed in (5, 5, 6))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_adjacent_slices_are_more_similar_than_two_patients() -> None:
    def difference(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(float) - b).mean())

    first = make_phantom(TumorClass.MENINGIOMA, 1, 128, Plane.AXIAL).pixels
    adjacent = make_phantom(TumorClass.MENINGIOMA, 1, 128, Plane.AXIAL, step=1).pixels
    other_patient = make_phantom(TumorClass.MENINGIOMA, 2, 128, Plane.AXIAL).pixels
    assert 0 < difference(first, adjacent) < difference(first, other_patient)


def test_tumors_are_bright_and_at_the_location_of_their_class() -> None:
    for seed in range(10):
        gland = make_phantom(TumorClass.PITUITARY, seed, 128, Plane.CORONAL)
        lump = make_phantom(TumorClass.MENINGIOMA, seed, 128, Plane.AXIAL)
        rows, columns = np.nonzero(gland.mask)
        assert abs(columns.mean() - 64) < 20
        assert rows.mean() > 64
        rows, columns = np.nonzero(lump.mask)
        assert np.hypot(rows.mean() - 64, columns.mean() - 64) > 15
        for phantom in (gland, lump):
            brain = ~phantom.mask & (phantom.pixels > 60)
            assert phantom.pixels[phantom.mask].mean() > 1.3 * phantom.pixels[brain].mean()


def test_equal_arguments_give_equal_files(phantom_set: Path, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "again", per_class=24, seed=3)
    write_phantoms(tmp_path / "other", per_class=24, seed=4)
    assert _hashes(tmp_path / "again") == _hashes(phantom_set)
    assert _hashes(tmp_path / "other") != _hashes(phantom_set)


def test_phantom_set_has_the_folders_of_the_real_one(phantom_set: Path, provenance: pd.DataFrame) -> None:
    assert tuple(provenance.columns) == PHANTOM_COLUMNS
    assert (provenance.groupby("label").size() == 24).all()
    assert set(provenance["label"]) == set(CLASSES)
    assert (provenance[provenance["split"] == "Testing"].groupby("label").size() == 5).all()
    on_disk = {p.relative_to(phantom_set) for p in phantom_set.rglob("*.jpg")}
    assert on_disk == {_path(phantom_set, row).relative_to(phantom_set) for _, row in provenance.iterrows()}
    assert (phantom_set / "Training" / "glioma" / "Tr-glTr_0000.jpg").is_file()
    assert (phantom_set / "Training" / "glioma" / "Tr-gl_0010.jpg").is_file()


def test_phantom_set_has_the_leakage_of_the_real_one(phantom_set: Path, provenance: pd.DataFrame) -> None:
    digests = [hashlib.sha256(_path(phantom_set, row).read_bytes()).hexdigest() for _, row in provenance.iterrows()]
    sides = provenance.assign(sha256=digests).groupby("sha256")["split"].agg(["size", "nunique"])
    assert (sides["size"] > 1).any()
    assert (sides["nunique"] > 1).any(), "some exact copies are in both folders of the official split"
    patients = provenance.groupby("patient")["split"].nunique()
    assert (patients > 1).any()
    assert (provenance["brisc_transform"] == "mirror").any()


def test_masks_cover_the_tumors_of_the_images(phantom_set: Path, provenance: pd.DataFrame) -> None:
    tumours = provenance[provenance["label"] != "notumor"]
    assert (tumours["brisc_file"] != "").all()
    assert (provenance.loc[provenance["label"] == "notumor", "brisc_file"] == "").all()
    for _, row in tumours[tumours["label"] != "glioma"].iterrows():
        pixels = np.asarray(Image.open(_path(phantom_set, row)), float)
        mask = np.asarray(Image.open(phantom_set / "masks" / row["brisc_file"].replace(".jpg", ".png"))) > 0
        mask = mask[:, ::-1] if row["brisc_transform"] == "mirror" else mask
        assert pixels[mask].mean() > pixels[~mask & (pixels > 40)].mean()


@pytest.mark.parametrize("per_class", [4, 5, 7])
def test_smallest_sets_fill_both_folders(tmp_path: Path, per_class: int) -> None:
    assert write_phantoms(tmp_path, per_class) == 4 * per_class
    for split in ("Training", "Testing"):
        assert all(any((tmp_path / split / label).iterdir()) for label in CLASSES)


def test_too_small_a_set_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 4"):
        write_phantoms(tmp_path, per_class=3)
