"""Balanced sampling draws both labels of a source equally often, and small sources more often than by their size."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from braintumor.training.inputs.sampling import equal_source_weights, source_balanced_weights

COUNTS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(any), min_size=1
)


def make_manifest(counts: dict[str, tuple[int, int]]) -> pd.DataFrame:
    rows = [
        (origin, label)
        for origin, sizes in counts.items()
        for label, size in zip(("glioma", "notumor"), sizes, strict=True)
        for _ in range(size)
    ]
    return pd.DataFrame(rows, columns=["origin", "label"])


@given(COUNTS)
def test_labels_of_a_source_are_drawn_equally_often(counts: dict[str, tuple[int, int]]) -> None:
    manifest = make_manifest(counts)
    shares = manifest.assign(weight=source_balanced_weights(manifest)).groupby(["origin", "label"])["weight"].sum()
    for origin, sizes in counts.items():
        if all(sizes):
            assert np.isclose(shares[origin, "glioma"], shares[origin, "notumor"])


@given(COUNTS)
def test_sources_are_drawn_by_the_square_root_of_their_size(counts: dict[str, tuple[int, int]]) -> None:
    manifest = make_manifest(counts)
    shares = manifest.assign(weight=source_balanced_weights(manifest)).groupby("origin")["weight"].sum()
    expected = pd.Series({origin: np.sqrt(sum(sizes)) for origin, sizes in counts.items()})
    assert np.allclose(shares, (expected / expected.sum())[shares.index])


@given(COUNTS)
def test_equal_weights_balance_labels_and_their_sources(counts: dict[str, tuple[int, int]]) -> None:
    manifest = make_manifest(counts)
    shares = manifest.assign(weight=equal_source_weights(manifest)).groupby(["label", "origin"])["weight"].sum()
    assert np.isclose(shares.sum(), 1)
    for label in manifest["label"].unique():
        of_label = shares[label]
        assert np.allclose(of_label, of_label.iloc[0])
        assert np.isclose(of_label.sum(), 1 / manifest["label"].nunique())


def test_lesions_other_than_tumours_are_drawn_as_tumour_free() -> None:
    manifest = pd.DataFrame({"origin": ["a", "a"], "label": ["other-lesion", "glioma"]})
    assert equal_source_weights(manifest).tolist() == [0.5, 0.5]
    assert source_balanced_weights(manifest).tolist() == [0.5, 0.5]
    manifest["label"] = ["other-lesion", "notumor"]
    assert equal_source_weights(manifest).tolist() == [0.5, 0.5]
