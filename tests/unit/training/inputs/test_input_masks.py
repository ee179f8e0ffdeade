"""Preprocessed masks: aligned with the images, mask_known only if outlined, and cached."""

import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.masks import masks_folder
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.settings import Settings
from braintumor.training.inputs import input_cache
from braintumor.training.inputs.input_cache import load_input_masks

INPUT_SPEC = InputSpec(height=64, width=64, channels=1)


@dataclass
class _Set:
    settings: Settings
    manifest: pd.DataFrame
    images: np.ndarray
    masks: np.ndarray
    mask_known: np.ndarray


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> _Set:
    folder = tmp_path_factory.mktemp("masks")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=8)
    audit_dataset(settings)
    shutil.copytree(settings.dataset / "masks", masks_folder(settings))
    manifest = read_manifest(settings)
    images = np.stack([preprocess(read_scan(settings.dataset / path), INPUT_SPEC)[0] for path in manifest["path"]])
    return _Set(settings, manifest, images, *load_input_masks(manifest, INPUT_SPEC, settings))


def test_masks_are_aligned_with_preprocessed_tumours(phantoms: _Set) -> None:
    bright = phantoms.manifest["label"].isin(["meningioma", "pituitary"]).to_numpy()
    assert phantoms.masks.shape == phantoms.images.shape
    for image, mask in zip(phantoms.images[bright], phantoms.masks[bright], strict=True):
        inside = image[mask > 0].mean()
        shifts = [(0, 6), (0, -6), (6, 0), (-6, 0)]
        assert all(inside > image[np.roll(mask, shift, (0, 1)) > 0].mean() for shift in shifts)


def test_phantom_masks_are_known_and_empty_without_tumour(phantoms: _Set) -> None:
    tumor_free = (phantoms.manifest["label"] == "notumor").to_numpy()
    assert phantoms.mask_known.all()
    assert set(np.unique(phantoms.masks)) == {0, 1}
    assert (phantoms.masks.any(axis=(1, 2)) == ~tumor_free).all()


def test_masks_are_read_from_the_cache(phantoms: _Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_cache, "process_pool", None)
    masks, mask_known = load_input_masks(phantoms.manifest, INPUT_SPEC, phantoms.settings)
    assert np.array_equal(masks, phantoms.masks)
    assert np.array_equal(mask_known, phantoms.mask_known)


def test_missing_outline_is_unknown_until_masks_are_downloaded(phantoms: _Set) -> None:
    folder = masks_folder(phantoms.settings)
    renamed = folder.with_name("away")
    folder.rename(renamed)
    try:
        masks, mask_known = load_input_masks(phantoms.manifest, INPUT_SPEC, phantoms.settings)
    finally:
        renamed.rename(folder)
    assert not masks.any()
    assert (mask_known == (phantoms.manifest["label"] == "notumor").to_numpy()).all()
    assert np.array_equal(load_input_masks(phantoms.manifest, INPUT_SPEC, phantoms.settings)[0], phantoms.masks)
