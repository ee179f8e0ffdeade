"""Disturbances grow with their strength, keep the size, and move outlines with what they outline; scans are dealt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.datasets.phantom_sets import make_phantom
from braintumor.enums import TumorClass
from braintumor.evaluation.stress_test.robustness import CORRUPTIONS, sample_across_groups

PHANTOM = make_phantom(TumorClass.MENINGIOMA, 3, 160)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_disturbance_grows_with_its_strength(name: str) -> None:
    kind = CORRUPTIONS[name]
    assert len(kind.strengths) == 5
    changed = [kind.apply(PHANTOM.pixels, s, np.random.default_rng(0)) for s in kind.strengths]
    assert all(one.shape == PHANTOM.pixels.shape and one.dtype == np.uint8 for one in changed)
    away = [float(np.abs(one.astype(float) - PHANTOM.pixels).mean()) for one in changed]
    assert away == sorted(away)
    assert away[0] > 0


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_outline_stays_on_the_tumour(name: str) -> None:
    kind = CORRUPTIONS[name]
    bright = PHANTOM.mask.astype(np.uint8) * np.uint8(200)
    for strength in kind.strengths[:3]:
        moved = kind.corrupt_mask(PHANTOM.mask, strength)
        if not kind.is_geometric:
            assert moved is PHANTOM.mask
            continue
        lit = kind.apply(bright, strength, np.random.default_rng(0)) > 100
        assert (lit & moved).sum() >= 0.9 * max(lit.sum(), moved.sum())


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(1, 40), st.integers(0, 9))
def test_scans_are_dealt_evenly_over_groups(member: list[int], count: int, seed: int) -> None:
    groups = np.array(member).astype(str).astype(object)
    rows = sample_across_groups(groups, count, seed)
    assert len(set(rows.tolist())) == min(count, len(groups))
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == sample_across_groups(groups, count, seed).tolist()
    taken = {g: int((groups[rows] == g).sum()) for g in set(groups)}
    left = {g: int((groups == g).sum()) - n for g, n in taken.items()}
    most = max(taken.values())
    assert all(n >= most - 1 or left[g] == 0 for g, n in taken.items())
