"""Composites: a slice is given another answer only where the tumour lies on its head, and the targets say which."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.enums import CLASSES, TUMOR_INDICES, Plane, TumorClass
from braintumor.models.recipe import CopyPasteRecipe
from braintumor.training.augmentation.tumor_copy_paste import DonorBank, PasteParams, sample_paste

SIDE = 48
HEALTHY = CLASSES.index(TumorClass.NOTUMOR)
GLIOMA = CLASSES.index(TumorClass.GLIOMA)
PITUITARY = CLASSES.index(TumorClass.PITUITARY)
ALL = CopyPasteRecipe(planted=0.5, decoys=0.3, painted_out=0.6, recolored=0.3)


def _head(left: int = 4) -> np.ndarray:
    frame = np.zeros((SIDE, SIDE), np.uint8)
    frame[4:44, left : left + 40] = 120
    return frame


def _spot(row: int, column: int, size: int = 8) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[row : row + size, column : column + size] = 1
    return mask


NOTHING = np.zeros((SIDE, SIDE), np.uint8)


def _donors(plane: Plane = Plane.AXIAL) -> DonorBank:
    """Forty healthy slices, twenty with a glioma beside the midline, twenty with a pituitary tumour on it."""
    labels = np.repeat([HEALTHY, GLIOMA, PITUITARY], [40, 20, 20])
    spots = np.stack([NOTHING, _spot(20, 8), _spot(28, 20)])
    masks = spots[np.repeat([0, 1, 2], [40, 20, 20])]
    return DonorBank.from_arrays(np.repeat(_head()[None], 80, axis=0), masks, labels, np.full(80, str(plane), object))


def _sample(
    recipe: CopyPasteRecipe, donors: DonorBank, seed: int = 0, times: int = 5
) -> tuple[np.ndarray, PasteParams]:
    rows = np.tile(np.arange(len(donors.labels)), times)
    return rows, sample_paste(recipe, rows, donors, SIDE, np.random.default_rng(seed))


def test_nothing_is_pasted_where_every_chance_is_zero() -> None:
    donors = _donors()
    rows, draw = _sample(CopyPasteRecipe(), donors)
    assert not draw.opacity.any()
    assert not draw.adds_tumor.any()
    assert (draw.source_rows == rows).all()
    assert (draw.targets == np.eye(4)[donors.labels[rows]]).all()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_targets_follow_what_is_pasted(seed: int) -> None:
    donors = _donors()
    rows, draw = _sample(ALL, donors, seed)
    labels, own = donors.labels[rows], np.eye(4)[donors.labels[rows]]
    planted, kept = draw.adds_tumor, draw.opacity == 0
    painted, decoys = (~kept & ~planted & (labels == GLIOMA)), (~kept & ~planted & (labels == HEALTHY))
    assert (draw.targets[kept | decoys] == own[kept | decoys]).all()
    assert (draw.targets[painted] == np.eye(4)[HEALTHY]).all()
    assert (labels[planted] == HEALTHY).all()
    recolored = draw.targets.sum(axis=1) > 1
    assert (draw.targets[recolored] == np.eye(4)[list(TUMOR_INDICES)].sum(axis=0)).all()
    usual = planted & ~recolored
    assert (draw.targets[usual] == np.eye(4)[donors.labels[draw.mask_rows[usual]]]).all()
    assert planted[recolored].all()


def test_each_kind_is_as_frequent_as_the_recipe_says() -> None:
    donors = _donors()
    rows, draw = _sample(ALL, donors, times=100)
    labels, shown = donors.labels[rows], draw.opacity > 0
    healthy = labels == HEALTHY
    assert draw.adds_tumor[healthy].mean() == pytest.approx(ALL.planted, abs=0.03)
    assert (shown & ~draw.adds_tumor)[healthy].mean() == pytest.approx(ALL.decoys, abs=0.03)
    assert shown[labels == GLIOMA].mean() == pytest.approx(ALL.painted_out, abs=0.05)
    assert (draw.targets[draw.adds_tumor].sum(axis=1) > 1).mean() == pytest.approx(ALL.recolored, abs=0.04)


def test_a_planted_tumour_lies_on_the_head_it_is_given_to() -> None:
    frames = np.stack([_head(), _head(), _head()[:, ::-1]])
    frames[0, :, :24] = 0  # the head of the first slice is only where the second tumour would lie
    masks = np.stack([NOTHING, _spot(20, 8), _spot(20, 32)])
    labels = np.array([HEALTHY, GLIOMA, GLIOMA])
    donors = DonorBank.from_arrays(frames, masks, labels, np.full(3, str(Plane.AXIAL), object))
    _, draw = _sample(CopyPasteRecipe(planted=0.5, decoys=0.5), donors, times=40)
    pasted = draw.opacity > 0
    assert pasted.sum() >= 38  # each has eight tries
    assert (draw.mask_rows[pasted] == 2).all()


def test_a_head_on_which_no_tumour_would_lie_is_left_as_it_is() -> None:
    frames = np.stack([NOTHING, _head()])
    donors = DonorBank.from_arrays(
        frames, np.stack([NOTHING, _spot(20, 8)]), np.array([HEALTHY, GLIOMA]), np.full(2, str(Plane.AXIAL), object)
    )
    _, draw = _sample(CopyPasteRecipe(planted=1.0), donors)
    assert not draw.opacity.any()
    assert (draw.targets.argmax(axis=1)[::2] == HEALTHY).all()


def test_without_any_outlined_tumour_nothing_is_planted() -> None:
    donors = DonorBank.from_arrays(
        _head()[None], NOTHING[None], np.array([HEALTHY]), np.array([str(Plane.AXIAL)], object)
    )
    assert not _sample(CopyPasteRecipe(planted=1.0), donors)[1].opacity.any()


def test_only_small_tumours_with_another_side_to_fill_them_from_are_painted_out() -> None:
    recipe = CopyPasteRecipe(painted_out=1.0)
    donors = _donors()
    rows, draw = _sample(recipe, donors)
    assert set(donors.labels[rows][draw.opacity > 0]) == {GLIOMA}, "on the midline a tumour would fill itself"
    assert not _sample(recipe, _donors(Plane.SAGITTAL))[1].opacity.any()
    large = np.stack([NOTHING, _spot(10, 6, 14)])
    frames, planes = np.repeat(_head()[None], 2, axis=0), np.full(2, str(Plane.AXIAL), object)
    assert not _sample(recipe, DonorBank.from_arrays(frames, large, np.array([HEALTHY, GLIOMA]), planes))[
        1
    ].opacity.any()


def test_a_seed_replays_the_same_composites() -> None:
    donors = _donors()
    first, again, other = (_sample(ALL, donors, seed)[1] for seed in (3, 3, 4))
    for field in fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(again, field.name))
    assert not np.array_equal(first.mask_rows, other.mask_rows)
