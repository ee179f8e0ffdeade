"""Samples cover as many groups as possible."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from braintumor.evaluation.sampling import sample_across_groups, sample_by_class


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(1, 40), st.integers(0, 9))
def test_scans_are_sampled_evenly_across_groups(group_ids: list[int], count: int, seed: int) -> None:
    groups = np.array(group_ids).astype(str).astype(object)
    rows = sample_across_groups(groups, count, seed)
    assert len(set(rows.tolist())) == min(count, len(groups))
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == sample_across_groups(groups, count, seed).tolist()
    sampled = {g: int((groups[rows] == g).sum()) for g in set(groups)}
    remaining = {g: int((groups == g).sum()) - n for g, n in sampled.items()}
    largest = max(sampled.values())
    assert all(n >= largest - 1 or remaining[g] == 0 for g, n in sampled.items())


def test_scans_with_a_tumour_come_first_and_each_class_has_its_own_count() -> None:
    is_tumor = np.arange(40) % 2 == 0
    groups = (np.arange(40) // 4).astype(str).astype(object)
    rows = sample_by_class(is_tumor, groups, 12, 5, seed=0)
    assert is_tumor[rows].tolist() == [True] * 12 + [False] * 5
    assert len(set(rows.tolist())) == 17
    assert len(set(groups[rows[12:]])) == 5
