"""Blending: what is pasted is feathered and matched, what is not pasted is left alone, and the mask says what is."""

from dataclasses import asdict

import numpy as np
import pytest
import tensorflow as tf

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.models.recipe import CopyPasteRecipe
from braintumor.training.augmentation.tumor_copy_paste import DonorBank, apply_paste, apply_spatial, sample_paste

SIDE = 64
STILL = np.array([[1, 0, 0, 0, 1, 0, 0, 0]], np.float32)
MIRROR = np.array([[-1, 0, SIDE - 1, 0, 1, 0, 0, 0]], np.float32)
CENTRE = np.s_[24:40, 20:36]
# The edge of a pasted area fades over two coarse cells of four pixels, and resizing adds half a cell.
FADED = np.s_[14:50, 10:46]


def _blend(
    image: np.ndarray, mask: np.ndarray, pasted: np.ndarray, shape: np.ndarray, **draw: object
) -> tuple[np.ndarray, np.ndarray, bool]:
    usual = {"strength": 1.0, "gain": 1.0, "offset": 0.0, "pixel_moves": STILL, "shape_moves": STILL, "grows": True}
    given = {n: tf.constant(np.reshape(v, (1, -1)) if n.endswith("moves") else [v]) for n, v in (usual | draw).items()}
    values = [tf.constant(v[None, ..., None].astype(np.float32)) for v in (image, mask, pasted, shape)]
    blended, masks, faint = apply_paste(*values, given)
    return blended.numpy()[0, ..., 0], masks.numpy()[0, ..., 0], bool(faint.numpy()[0])


def _tissue(grey: float, seed: int = 0) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(grey, 6, (SIDE, SIDE)), 30, 255)


def _spot() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE))
    mask[CENTRE] = 1
    return mask


NOTHING = np.zeros((SIDE, SIDE))
TUMOUR = _tissue(60, 1) + 110 * _spot()


def test_pixels_beyond_the_feathered_mask_are_unchanged() -> None:
    image = _tissue(90)
    blended, _, _ = _blend(image, NOTHING, TUMOUR, _spot())
    outside = np.ones((SIDE, SIDE), bool)
    outside[FADED] = False
    assert np.allclose(blended[outside], image[outside], atol=1e-4)
    assert (np.abs(blended - image)[CENTRE] > 50).mean() > 0.9


def test_a_planted_mask_is_where_the_tumour_now_is() -> None:
    blended, mask, faint = _blend(_tissue(90), NOTHING, TUMOUR, _spot())
    assert np.array_equal(mask, _spot())
    assert not faint
    assert blended[CENTRE].mean() > blended[FADED][:4].mean() + 60


def test_a_planted_tumour_keeps_its_contrast_against_the_grey_around_it() -> None:
    image = _tissue(130)
    plain, _, _ = _blend(image, NOTHING, TUMOUR, _spot())
    inner = np.s_[29:35, 25:31]  # beyond the fading edge
    assert plain[inner].mean() - image.mean() == pytest.approx(110, abs=12)
    half, _, _ = _blend(image, NOTHING, TUMOUR, _spot(), gain=0.5)
    assert half[inner].mean() - image.mean() == pytest.approx(55, abs=12)
    raised, _, _ = _blend(image, NOTHING, TUMOUR - 110 * _spot(), _spot(), offset=0.2)
    assert raised[inner].mean() - image.mean() == pytest.approx(51, abs=12)


def test_tissue_of_another_grey_leaves_no_step_at_the_edge() -> None:
    image, darker = _tissue(140), _tissue(60, 1)
    blended, _, _ = _blend(image, NOTHING, darker, _spot(), grows=False)
    assert abs(blended[CENTRE].mean() - image[CENTRE].mean()) < 6
    steps = np.abs(np.diff(blended, axis=1))
    assert steps[24:40, 16:40].mean() < 1.2 * np.abs(np.diff(image, axis=1)).mean()


@pytest.mark.parametrize("size", [6, 8, 13, 20])
def test_a_painted_out_tumour_leaves_an_empty_mask_and_nothing_shining_through(size: int) -> None:
    mask = np.zeros((SIDE, SIDE))
    mask[25 : 25 + size, 7 : 7 + size] = 1
    image = _tissue(90) + 120 * mask
    blended, left, faint = _blend(image, mask, image, mask, pixel_moves=MIRROR, grows=False)
    assert not left.any()
    assert not faint
    assert abs(blended[mask > 0].mean() - 90) < 0.1 * 120


def test_nothing_happens_where_nothing_is_pasted() -> None:
    image, mask = _tissue(90), _spot()
    blended, kept, faint = _blend(image, mask, TUMOUR, _spot(), strength=0.0, grows=False)
    assert np.array_equal(blended, image.astype(np.float32))
    assert np.array_equal(kept, mask)
    assert not faint


def test_nothing_is_pasted_beyond_the_head() -> None:
    image = _tissue(90)
    image[:, :28] = 0
    blended, mask, _ = _blend(image, NOTHING, TUMOUR, _spot())
    assert not mask[:, :16].any()
    assert not blended[:, :16].any()


@pytest.mark.parametrize("pasted", [_tissue(90), TUMOUR * 0.0])
def test_a_planted_tumour_that_cannot_be_seen_is_called_faint(pasted: np.ndarray) -> None:
    assert _blend(_tissue(90) + np.linspace(0, 80, SIDE), NOTHING, pasted, _spot())[2]


def test_a_tumour_that_would_lie_off_the_head_is_called_faint() -> None:
    _, mask, faint = _blend(_tissue(90) / 10, NOTHING, TUMOUR, _spot())
    assert not mask.any()
    assert faint


def test_a_tumour_turned_over_has_its_mask_turned_over_with_it() -> None:
    moves = {"pixel_moves": MIRROR, "shape_moves": MIRROR}
    blended, mask, _ = _blend(_tissue(90), NOTHING, TUMOUR, _spot(), **moves)
    assert np.array_equal(mask, _spot()[:, ::-1])
    assert blended[mask > 0].mean() > 150


def test_grey_stays_between_black_and_white() -> None:
    blended, _, _ = _blend(_tissue(200), NOTHING, TUMOUR, _spot(), gain=3.0, offset=0.5)
    assert blended.min() >= 0
    assert blended.max() == 255


def test_what_is_moved_in_from_outside_the_frame_is_black() -> None:
    shifted = apply_spatial(tf.ones((1, 8, 8, 1)), tf.constant([[1, 0, -3, 0, 1, 0, 0, 0]], tf.float32)).numpy()[
        0, ..., 0
    ]
    assert not shifted[:, :3].any()
    assert (shifted[:, 3:] == 1).all()


def test_sampled_draws_are_what_the_blend_reads() -> None:
    labels = np.array([CLASSES.index(TumorClass.NOTUMOR), CLASSES.index(TumorClass.GLIOMA)])
    frames, masks = np.stack([_tissue(90), TUMOUR]).astype(np.uint8), np.stack([NOTHING, _spot()]).astype(np.uint8)
    donors = DonorBank.from_arrays(frames, masks, labels, np.full(2, str(Plane.AXIAL), object))
    rows = np.arange(2)
    recipe = CopyPasteRecipe(planted=1.0, painted_out=1.0)
    draw = sample_paste(recipe, rows, donors, SIDE, np.random.default_rng(0))
    images, shapes = frames[..., None].astype(np.float32), masks[..., None].astype(np.float32)
    _, after, _ = apply_paste(
        *(tf.constant(v) for v in (images, shapes, images[draw.source_rows], shapes[draw.mask_rows])),
        {name: tf.constant(value) for name, value in asdict(draw).items()},
    )
    assert after.numpy()[0].any()
