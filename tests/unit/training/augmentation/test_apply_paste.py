"""Applying copy-paste: feathered edges, matched gray levels, unchanged surroundings and correct masks."""

from dataclasses import asdict

import numpy as np
import pytest
import tensorflow as tf

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.models.recipe import CopyPasteRecipe
from braintumor.training.augmentation.apply_paste import apply_paste
from braintumor.training.augmentation.donor_bank import DonorBank
from braintumor.training.augmentation.sample_paste import sample_paste
from braintumor.training.augmentation.spatial import apply_spatial

SIDE = 64
STILL = np.array([[1, 0, 0, 0, 1, 0, 0, 0]], np.float32)
MIRROR = np.array([[-1, 0, SIDE - 1, 0, 1, 0, 0, 0]], np.float32)
CENTER = np.s_[24:40, 20:36]
# The edge fades over two coarse cells of four pixels, and resizing adds half a cell.
FEATHERED = np.s_[14:50, 10:46]


def _paste(
    image: np.ndarray, mask: np.ndarray, pasted: np.ndarray, pasted_mask: np.ndarray, **changes: object
) -> tuple[np.ndarray, np.ndarray, bool]:
    defaults = {"opacity": 1.0, "gain": 1.0, "offset": 0.0, "adds_tumor": True}
    values = defaults | {"pixel_transforms": STILL, "mask_transforms": STILL} | changes
    params = {
        name: tf.constant(np.reshape(value, (1, -1)) if name.endswith("transforms") else [value])
        for name, value in values.items()
    }
    arrays = [tf.constant(v[None, ..., None].astype(np.float32)) for v in (image, mask, pasted, pasted_mask)]
    blended, masks, imperceptible = apply_paste(*arrays, params)
    return blended.numpy()[0, ..., 0], masks.numpy()[0, ..., 0], bool(imperceptible.numpy()[0])


def _tissue(gray: float, seed: int = 0) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(gray, 6, (SIDE, SIDE)), 30, 255)


def _square() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE))
    mask[CENTER] = 1
    return mask


NOTHING = np.zeros((SIDE, SIDE))
TUMOR = _tissue(60, 1) + 110 * _square()


def test_pixels_outside_the_feathered_mask_are_unchanged() -> None:
    image = _tissue(90)
    blended, _, _ = _paste(image, NOTHING, TUMOR, _square())
    outside = np.ones((SIDE, SIDE), bool)
    outside[FEATHERED] = False
    assert np.allclose(blended[outside], image[outside], atol=1e-4)
    assert (np.abs(blended - image)[CENTER] > 50).mean() > 0.9


def test_mask_covers_the_pasted_tumour() -> None:
    blended, mask, imperceptible = _paste(_tissue(90), NOTHING, TUMOR, _square())
    assert np.array_equal(mask, _square())
    assert not imperceptible
    assert blended[CENTER].mean() > blended[FEATHERED][:4].mean() + 60


def test_pasted_tumour_keeps_its_contrast_to_the_surroundings() -> None:
    image = _tissue(130)
    plain, _, _ = _paste(image, NOTHING, TUMOR, _square())
    inner = np.s_[29:35, 25:31]  # inside the fading edge
    assert plain[inner].mean() - image.mean() == pytest.approx(110, abs=12)
    half, _, _ = _paste(image, NOTHING, TUMOR, _square(), gain=0.5)
    assert half[inner].mean() - image.mean() == pytest.approx(55, abs=12)
    raised, _, _ = _paste(image, NOTHING, TUMOR - 110 * _square(), _square(), offset=0.2)
    assert raised[inner].mean() - image.mean() == pytest.approx(51, abs=12)


def test_tissue_of_another_grey_level_has_no_visible_edge() -> None:
    image, darker = _tissue(140), _tissue(60, 1)
    blended, _, _ = _paste(image, NOTHING, darker, _square(), adds_tumor=False)
    assert abs(blended[CENTER].mean() - image[CENTER].mean()) < 6
    steps = np.abs(np.diff(blended, axis=1))
    assert steps[24:40, 16:40].mean() < 1.2 * np.abs(np.diff(image, axis=1)).mean()


@pytest.mark.parametrize("size", [6, 8, 13, 20])
def test_inpainted_tumour_is_invisible_and_has_an_empty_mask(size: int) -> None:
    mask = np.zeros((SIDE, SIDE))
    mask[25 : 25 + size, 7 : 7 + size] = 1
    image = _tissue(90) + 120 * mask
    blended, left, imperceptible = _paste(image, mask, image, mask, pixel_transforms=MIRROR, adds_tumor=False)
    assert not left.any()
    assert not imperceptible
    assert abs(blended[mask > 0].mean() - 90) < 0.1 * 120


def test_zero_opacity_changes_nothing() -> None:
    image, mask = _tissue(90), _square()
    blended, remaining, imperceptible = _paste(image, mask, TUMOR, _square(), opacity=0.0, adds_tumor=False)
    assert np.array_equal(blended, image.astype(np.float32))
    assert np.array_equal(remaining, mask)
    assert not imperceptible


def test_nothing_is_pasted_outside_the_head() -> None:
    image = _tissue(90)
    image[:, :28] = 0
    blended, mask, _ = _paste(image, NOTHING, TUMOR, _square())
    assert not mask[:, :16].any()
    assert not blended[:, :16].any()


@pytest.mark.parametrize("pasted", [_tissue(90), TUMOR * 0.0])
def test_invisible_tumour_is_imperceptible(pasted: np.ndarray) -> None:
    assert _paste(_tissue(90) + np.linspace(0, 80, SIDE), NOTHING, pasted, _square())[2]


def test_tumour_outside_the_head_is_imperceptible() -> None:
    _, mask, imperceptible = _paste(_tissue(90) / 10, NOTHING, TUMOR, _square())
    assert not mask.any()
    assert imperceptible


def test_mask_is_transformed_with_the_tumour() -> None:
    transforms = {"pixel_transforms": MIRROR, "mask_transforms": MIRROR}
    blended, mask, _ = _paste(_tissue(90), NOTHING, TUMOR, _square(), **transforms)
    assert np.array_equal(mask, _square()[:, ::-1])
    assert blended[mask > 0].mean() > 150


def test_values_stay_between_0_and_255() -> None:
    blended, _, _ = _paste(_tissue(200), NOTHING, TUMOR, _square(), gain=3.0, offset=0.5)
    assert blended.min() >= 0
    assert blended.max() == 255


def test_pixels_from_outside_the_image_are_black() -> None:
    shifted = apply_spatial(tf.ones((1, 8, 8, 1)), tf.constant([[1, 0, -3, 0, 1, 0, 0, 0]], tf.float32)).numpy()[
        0, ..., 0
    ]
    assert not shifted[:, :3].any()
    assert (shifted[:, 3:] == 1).all()


def test_sampled_parameters_can_be_applied() -> None:
    labels = np.array([CLASSES.index(TumorClass.NOTUMOR), CLASSES.index(TumorClass.GLIOMA)])
    frames, masks = np.stack([_tissue(90), TUMOR]).astype(np.uint8), np.stack([NOTHING, _square()]).astype(np.uint8)
    donors = DonorBank.from_arrays(frames, masks, labels, np.full(2, str(Plane.AXIAL), object))
    rows = np.arange(2)
    recipe = CopyPasteRecipe(pasted=1.0, inpainted=1.0)
    params = sample_paste(recipe, rows, donors, SIDE, np.random.default_rng(0))
    images, shapes = frames[..., None].astype(np.float32), masks[..., None].astype(np.float32)
    _, after, _ = apply_paste(
        *(tf.constant(v) for v in (images, shapes, images[params.source_rows], shapes[params.mask_rows])),
        {name: tf.constant(value) for name, value in asdict(params).items()},
    )
    assert after.numpy()[0].any()
