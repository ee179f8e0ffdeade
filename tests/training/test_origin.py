"""Origin: weights make origins count alike within a label, and balanced showings make them come alike."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from braintumor.models.recipe import Recipe
from braintumor.models.recipe_parts import CompositeRecipe
from braintumor.training.composites import Donors, sample_composites
from braintumor.training.origin import balanced, evenly, origin_targets, picked, quotas, tumors_shown
from braintumor.training.pipeline import Source
from braintumor.vocabulary import CLASSES, HEALTHY_INDEX, Plane, TumorClass

SIDE, COUNT = 32, 60
GLIOMA = CLASSES.index(TumorClass.GLIOMA)
LABELS = np.array([HEALTHY_INDEX, GLIOMA] * (COUNT // 2))
ORIGINS = np.where(LABELS == HEALTHY_INDEX, "br35h", "figshare-cheng").astype(object)
ORIGINS[1:10:2] = "sartaj"
NAMES = ("br35h", "figshare-cheng", "sartaj")


def _recipe(**changes: object) -> Recipe:
    said = {
        "title": "tiny", "architecture": "masked_residual", "seed": 1,
        "input": {"height": SIDE, "width": SIDE, "channels": 1}, "fit": {"learning_rate": 1e-3, "epochs": 1},
        "origin": {"balance": True}, "mask": {"weight": 1.0},
    }  # fmt: skip
    return Recipe.model_validate({**said, **changes})


def _source() -> tuple[Source, Donors]:
    """Heads with a small tumour on one side of each diseased slice."""
    frames = np.random.default_rng(0).normal(90, 5, (COUNT, SIDE, SIDE)).astype(np.uint8)
    masks = np.zeros_like(frames)
    masks[LABELS == GLIOMA, 8:12, 4:8] = 1
    donors = Donors.of(frames, masks, LABELS, np.full(COUNT, str(Plane.AXIAL), object))
    known = np.ones(COUNT, bool)
    return Source(tf.constant(frames), LABELS, 1, tf.constant(masks), known, origins=ORIGINS), donors


def test_within_a_label_every_origin_weighs_alike_and_an_image_about_one() -> None:
    names = np.array(["br35h"] * 10 + ["figshare-cheng"] * 20 + ["figshare-cheng"] * 5, object)
    tumor = np.array([True] * 30 + [False] * 5)
    found = origin_targets(names, tumor, ("br35h", "figshare-cheng"))
    assert found.sum(axis=0)[1] == pytest.approx([15.0, 15.0])
    assert found[:30].sum() == pytest.approx(30.0)
    assert not found[tumor, 0].any()


def test_where_one_origin_is_a_label_nothing_is_asked() -> None:
    tumor = LABELS != HEALTHY_INDEX
    found = origin_targets(ORIGINS, tumor, NAMES)
    assert not found[~tumor].any()
    assert found[tumor].sum(axis=(1, 2)).min() > 0


def test_a_rare_origin_does_not_weigh_without_bounds() -> None:
    names = np.array(["br35h"] + ["figshare-cheng"] * 999, object)
    assert origin_targets(names, np.ones(1000, bool), ("br35h", "figshare-cheng")).max() <= 4


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5), st.floats(0, 1))
def test_quotas_spend_the_total_and_differ_only_where_too_few_are_available(available: list[int], share: float) -> None:
    total = int(share * sum(available))
    found = quotas(available, total)
    assert sum(found) == total
    assert all(0 <= part <= have for part, have in zip(found, available, strict=True))
    free = [part for part, have in zip(found, available, strict=True) if part < have]
    assert not free or max(found) - min(free) <= 1


def test_answers_stay_as_frequent_as_they_were_and_origins_come_alike() -> None:
    answers = np.repeat([0, 1], [300, 100])
    origins = np.array((["a"] * 200 + ["b"] * 100 + ["a"] * 90 + ["b"] * 10), object)
    chosen = evenly(answers, origins, 100, np.random.default_rng(0))
    assert len(np.unique(chosen)) == 100
    assert np.bincount(answers[chosen]).tolist() == [75, 25]
    counts = [((answers[chosen] == a) & (origins[chosen] == o)).sum() for a in (0, 1) for o in ("a", "b")]
    assert counts == [38, 37, 15, 10]


def test_without_composites_only_tumours_can_be_balanced() -> None:
    source, _ = _source()
    rows, drawn = balanced(_recipe(), np.arange(COUNT), None, source, np.random.default_rng(0))
    assert drawn is None
    assert len(rows) == COUNT
    found = {name: int((ORIGINS[rows] == name).sum()) for name in NAMES}
    assert found == {"br35h": 30, "figshare-cheng": 15, "sartaj": 15}


def test_composites_count_as_of_the_origin_of_their_frame() -> None:
    source, donors = _source()
    recipe = _recipe(composites=CompositeRecipe(planted=0.3, painted_out=0.3))
    order = np.arange(COUNT).repeat(4)
    rows, drawn = balanced(recipe, order, donors, source, np.random.default_rng(0))
    plain = sample_composites(recipe.composites, order, donors, SIDE, np.random.default_rng(0))  # type: ignore[arg-type]
    assert drawn is not None

    def share(rows: np.ndarray, draw: object, name: str) -> float:
        tumor = tumors_shown(source, rows, draw)  # type: ignore[arg-type]
        return float((ORIGINS[rows][tumor] == name).mean())

    assert share(order, plain, "br35h") < 0.3
    assert share(rows, drawn, "br35h") == pytest.approx(1 / 3, abs=0.05)
    assert share(rows, drawn, "sartaj") == pytest.approx(1 / 3, abs=0.05)
    assert tumors_shown(source, rows, drawn).mean() == pytest.approx(
        tumors_shown(source, order, plain).mean(), abs=0.06
    )


def test_some_of_a_draw_are_the_same_showings() -> None:
    _, donors = _source()
    drawn = sample_composites(CompositeRecipe(planted=0.5), np.arange(COUNT), donors, SIDE, np.random.default_rng(0))
    some = picked(drawn, np.array([3, 0]))
    for name in type(drawn).__dataclass_fields__:
        assert np.array_equal(getattr(some, name), getattr(drawn, name)[[3, 0]])
