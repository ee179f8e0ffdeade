"""Subgroup scores by plane, source dataset and tumour size."""

import numpy as np
import pandas as pd

from braintumor.evaluation.metrics.subgroups import SIZES, manifest_subgroups, subgroup_columns, tumor_size_terciles

MANIFEST = pd.DataFrame({"plane": ["axial", "axial", "coronal"], "origin": ["a", "b", "b"]})


def test_subgroup_is_scored_on_its_scans_only() -> None:
    labels, probabilities = np.array([0, 2, 3]), np.eye(4)[[0, 1, 0]]
    columns = subgroup_columns(labels, probabilities, manifest_subgroups(MANIFEST, None))
    assert np.nanmean(columns["accuracy@plane:axial"]) == 0.5
    assert np.nanmean(columns["tumor_specificity@origin:b"]) == 0
    assert np.nanmean(columns["tumor_sensitivity@plane:coronal"]) == 1
    assert np.isnan(columns["tumor_specificity@plane:coronal"]).all()


def test_tumors_are_split_into_terciles_by_size() -> None:
    masks = np.zeros((10, 10, 10), np.uint8)
    for i in range(9):
        masks[i, 0, : i + 1] = 1
    names = tumor_size_terciles(masks)
    assert list(names) == [*["small"] * 3, *["medium"] * 3, *["large"] * 3, ""]


def test_no_sizes_without_masks() -> None:
    for masks in (None, np.zeros((3, 4, 4), np.uint8)):
        assert not any(f"@size:{size}" in manifest_subgroups(MANIFEST, masks) for size in SIZES)
