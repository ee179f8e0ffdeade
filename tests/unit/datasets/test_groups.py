"""Groups: images of a patient and near-duplicates are joined transitively."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from braintumor.datasets.splits import assign_groups, connected_component_ids, pair_equal_values


@given(
    count=st.integers(1, 30),
    pairs=st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40),
)
def test_groups_are_the_connected_components(count: int, pairs: list[tuple[int, int]]) -> None:
    pairs = [(a % count, b % count) for a, b in pairs]
    reach = np.eye(count, dtype=bool)
    for a, b in pairs:
        reach[a, b] = reach[b, a] = True
    for _ in range(count):
        reach = reach @ reach
    numbers = connected_component_ids(count, pairs)
    assert ((numbers[:, None] == numbers[None]) == reach).all()


def test_empty_patient_joins_nothing() -> None:
    assert pair_equal_values(["", "a", "", "a"])[1:] == [(1, 3)]
    assert (0, 2) not in pair_equal_values(["", "a", "", "a"])


def test_patients_and_near_duplicates_form_one_group() -> None:
    manifest = pd.DataFrame(
        {
            "label": ["glioma"] * 5 + ["notumor"],
            "patient": ["p", "p", "", "", "", ""],
            "sha256": ["a", "b", "b", "c", "d", "e"],
        }
    )
    near_duplicates = pd.DataFrame({"a": [2, 4], "b": [3, 5]})
    groups = assign_groups(manifest, near_duplicates).tolist()
    assert len(set(groups[:4])) == 1
    assert len({groups[0], groups[4], groups[5]}) == 3  # a near-duplicate with another label is not joined
