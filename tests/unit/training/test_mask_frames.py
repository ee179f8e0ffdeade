"""Mask frames: laid where the tumour is in the standardized frame, known where outlined, and read once."""

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
from braintumor.training import frame_cache
from braintumor.training.frame_cache import load_input_masks

CONTRACT = InputSpec(height=64, width=64, channels=1)


@dataclass
class _Set:
    settings: Settings
    manifest: pd.DataFrame
    frames: np.ndarray
    masks: np.ndarray
    known: np.ndarray


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> _Set:
    folder = tmp_path_factory.mktemp("masks")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=8)
    audit_dataset(settings)
    shutil.copytree(settings.dataset / "masks", masks_folder(settings))
    manifest = read_manifest(settings)
    frames = np.stack([preprocess(read_scan(settings.dataset / path), CONTRACT)[0] for path in manifest["path"]])
    return _Set(settings, manifest, frames, *load_input_masks(manifest, CONTRACT, settings))


def test_masks_lie_over_the_tumours_of_the_standardized_frames(phantoms: _Set) -> None:
    bright = phantoms.manifest["label"].isin(["meningioma", "pituitary"]).to_numpy()
    assert phantoms.masks.shape == phantoms.frames.shape
    for frame, mask in zip(phantoms.frames[bright], phantoms.masks[bright], strict=True):
        here = frame[mask > 0].mean()
        steps = [(0, 6), (0, -6), (6, 0), (-6, 0)]
        assert all(here > frame[np.roll(mask, step, (0, 1)) > 0].mean() for step in steps)


def test_every_mask_of_a_phantom_is_known_and_only_tumours_have_any(phantoms: _Set) -> None:
    healthy = (phantoms.manifest["label"] == "notumor").to_numpy()
    assert phantoms.known.all()
    assert set(np.unique(phantoms.masks)) == {0, 1}
    assert (phantoms.masks.any(axis=(1, 2)) == ~healthy).all()


def test_masks_read_once_are_read_back_from_the_cache(phantoms: _Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_cache, "ProcessPoolExecutor", None)
    masks, known = load_input_masks(phantoms.manifest, CONTRACT, phantoms.settings)
    assert np.array_equal(masks, phantoms.masks)
    assert np.array_equal(known, phantoms.known)


def test_a_tumour_nobody_outlined_is_not_known_and_masks_fetched_later_are_seen(phantoms: _Set) -> None:
    folder = masks_folder(phantoms.settings)
    away = folder.with_name("away")
    folder.rename(away)
    try:
        masks, known = load_input_masks(phantoms.manifest, CONTRACT, phantoms.settings)
    finally:
        away.rename(folder)
    assert not masks.any()
    assert (known == (phantoms.manifest["label"] == "notumor").to_numpy()).all()
    assert np.array_equal(load_input_masks(phantoms.manifest, CONTRACT, phantoms.settings)[0], phantoms.masks)
