"""Splits: groups stay whole in the group protocol, fractions are met, and the leaky protocols leak."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.datasets.splits import assign_splits, hold_out_sources
from braintumor.enums import CLASS_NAMES, HOLDOUT_SPLIT, Protocol
from braintumor.errors import DatasetError


def _manifest(sizes: list[list[int]]) -> pd.DataFrame:
    """Return a manifest from one list of group sizes per class."""
    rows = [
        (CLASS_NAMES[label], f"{label}-{group}", "Testing" if (image + group) % 5 == 0 else "Training")
        for label, groups in enumerate(sizes)
        for group, size in enumerate(groups)
        for image in range(size)
    ]
    return pd.DataFrame(rows, columns=["label", "group", "original_split"])


group_sizes = st.lists(st.lists(st.integers(1, 12), min_size=3, max_size=25), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None)
@given(sizes=group_sizes, seed=st.integers(0, 2**32 - 1))
def test_group_protocol_keeps_groups_in_one_split(sizes: list[list[int]], seed: int) -> None:
    manifest = _manifest(sizes)
    split = assign_splits(manifest, Protocol.GROUP, seed)
    assert (split.groupby(manifest["group"]).nunique() == 1).all()
    assert set(split) == {"train", "validation", "test"}
    split_counts = manifest.assign(split=split).groupby("label")["split"].nunique()
    assert (split_counts == 3).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_fractions_are_met_within_two_points_for_small_groups(seed: int) -> None:
    manifest = _manifest([[2] * 100] * 4)
    fractions = assign_splits(manifest, Protocol.GROUP, seed).groupby(manifest["label"]).value_counts(normalize=True)
    for name, fraction in {"train": 0.7, "validation": 0.1, "test": 0.2}.items():
        assert np.allclose(fractions.xs(name, level="split"), fraction, atol=0.02)


def test_split_depends_only_on_the_seed() -> None:
    manifest = _manifest([[3] * 30] * 4)
    first, second, other = (assign_splits(manifest, Protocol.GROUP, seed) for seed in (5, 5, 6))
    assert first.equals(second)
    assert not first.equals(other)


def test_group_with_two_labels_stays_whole() -> None:
    manifest = _manifest([[2] * 10] * 4)
    manifest.loc[manifest["group"].isin(["0-0", "1-0"]), "group"] = "shared"
    split = assign_splits(manifest, Protocol.GROUP, 0)
    assert split[manifest["group"] == "shared"].nunique() == 1


def test_official_protocol_uses_the_testing_folder_as_test_split() -> None:
    manifest = _manifest([[4] * 20] * 4)
    split = assign_splits(manifest, Protocol.OFFICIAL, 0)
    assert ((split == "test") == (manifest["original_split"] == "Testing")).all()
    training = split[split != "test"]
    assert (training == "validation").mean() == pytest.approx(0.125, abs=0.01)


def test_random_protocol_splits_groups() -> None:
    manifest = _manifest([[10] * 10] * 4)
    split = assign_splits(manifest, Protocol.RANDOM, 0)
    assert (split.groupby(manifest["group"]).nunique() > 1).any()
    assert split.value_counts(normalize=True)["train"] == pytest.approx(0.7, abs=0.01)


def test_class_with_too_few_groups_is_named() -> None:
    with pytest.raises(DatasetError, match="glioma: only 2 independent groups"):
        assign_splits(_manifest([[5, 5], [1] * 9, [1] * 9, [1] * 9]), Protocol.GROUP, 0)


slices = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 6), st.sampled_from(["glioma", "notumor"]), st.booleans()),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(rows=slices, sources=st.sets(st.sampled_from("abcd"), min_size=1, max_size=3))
def test_held_out_sources_share_no_group_with_what_is_left(rows: list[tuple], sources: set[str]) -> None:
    manifest = pd.DataFrame(rows, columns=["origin", "group", "label", "is_used"])
    manifest["split"] = np.where(
        manifest["is_used"], np.array(["train", "validation", "test"])[manifest["group"] % 3], ""
    )
    if missing := sources - set(manifest["origin"]):
        with pytest.raises(DatasetError, match=f"'{min(missing)}'.*available"):
            hold_out_sources(manifest, sources, tumors_only=False)
        return
    held_out = hold_out_sources(manifest, sources, tumors_only=False)
    in_sources = manifest["origin"].isin(sources)
    assert set(held_out.loc[in_sources, "split"]) <= {HOLDOUT_SPLIT, ""}
    assert (held_out.loc[in_sources & manifest["is_used"], "split"] == HOLDOUT_SPLIT).all()
    left = held_out[~in_sources & (held_out["split"] != "")]
    assert not set(left["group"]) & set(manifest.loc[in_sources, "group"])
    assert (left["split"] == manifest.loc[left.index, "split"]).all()
