"""Previews are validation and test images of the CC0 set, as small as they say."""

from pathlib import Path

import pandas as pd

from braintumor.samples import list_previews, load_preview
from braintumor.samples.previews import PREVIEW_SIDE


def test_previews_have_the_rows_of_the_manifest(root: Path) -> None:
    columns = ["path", "label", "plane", "split", "group", "sha256"]
    manifest = pd.read_csv(root / "outputs" / "dataset" / "manifest.csv")[columns]
    merged = list_previews()[columns].merge(manifest, on=columns)
    assert len(merged) == len(list_previews())
    assert set(merged["split"]) == {"validation", "test"}
    assert merged.groupby(["split", "label"]).size().groupby("split").nunique().eq(1).all()


def test_preview_is_cut_from_its_place_on_the_sheet() -> None:
    for row in list_previews().itertuples():
        pixels = load_preview(str(row.path))
        assert pixels.shape == (row.height, row.width)
        assert max(pixels.shape) == PREVIEW_SIDE
        assert pixels.max() > 60
