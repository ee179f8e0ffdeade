"""Montages are sampled by seed, captioned and outlined, for any number of tiles."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from braintumor.exploration.montage import (
    PHANTOM_CAPTION,
    Tile,
    encode_png,
    load_preview_tiles,
    load_tiles,
    make_montage,
    render_tile,
    sample_rows,
)
from braintumor.samples import list_previews
from braintumor.settings import Settings

YELLOW = (255, 221, 51)


def _yellow(image: np.ndarray) -> np.ndarray:
    pixels: np.ndarray = (image == YELLOW).all(axis=2)
    return pixels


def test_sample_depends_only_on_the_seed(manifest: pd.DataFrame) -> None:
    first, repeated, other = (sample_rows(manifest, 9, seed)["path"].tolist() for seed in (1, 1, 2))
    assert first == repeated
    assert first != other
    assert len(set(first)) == 9
    shuffled = manifest.sample(frac=1, random_state=0)
    assert sample_rows(shuffled, 9, 1)["path"].tolist() == first


def test_sample_matches_the_filters(manifest: pd.DataFrame) -> None:
    rows = sample_rows(manifest, 50, labels=["glioma", "pituitary"], plane="axial", split="train")
    assert set(rows["label"]) <= {"glioma", "pituitary"}
    assert set(rows["plane"]) == {"axial"}
    assert set(rows["split"]) == {"train"}
    assert len(sample_rows(manifest, 10_000)) == len(manifest)
    assert sample_rows(manifest, 5, labels=[]).empty


def test_tiles_have_name_size_and_outline(manifest: pd.DataFrame, audited: Settings) -> None:
    rows = sample_rows(manifest, 3, labels=["meningioma"])
    plain, outlined = load_tiles(rows, audited), load_tiles(rows, audited, outlines=True)
    for row, tile, marked in zip(rows.to_dict("records"), plain, outlined, strict=True):
        assert tile.caption == (row["path"].split("/")[-1], f"{PHANTOM_CAPTION}, {row['width']} x {row['height']}")
        assert tile.mask is None
        assert marked.mask is not None
        assert not _yellow(render_tile(tile, 128)).any()
        assert _yellow(render_tile(marked, 128)).any()


def test_outline_is_outside_the_mask() -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 30:70] = True
    line = _yellow(render_tile(Tile("", ("", ""), np.full((100, 100), 90, np.uint8), mask), 100))
    assert not line[40:60, 30:70].any()
    rows, columns = np.nonzero(line)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (39, 60, 29, 70)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 13), st.integers(1, 6), st.integers(8, 60), st.integers(20, 90), st.integers(20, 90))
def test_montage_has_space_for_all_tiles(count: int, columns: int, side: int, width: int, height: int) -> None:
    tiles = [Tile("", ("a rather long file name.jpg", "x"), np.full((height, width), 200, np.uint8))] * count
    sheet = make_montage(tiles, columns, side)
    across, down = max(1, min(columns, count)), max(1, -(-count // columns))
    assert sheet.shape == (down * (side + 34) + 4, across * (side + 4) + 4, 3)
    filled = (sheet == 200).all(axis=2).sum()
    scale = side / max(width, height)
    assert filled >= 0.7 * count * width * height * scale**2 - 4 * count * side


def test_aspect_ratio_is_preserved() -> None:
    square = render_tile(Tile("", ("", ""), np.full((50, 100), 200, np.uint8)), 80)
    assert (square[:19] == 0).all()
    assert (square[22:58] == 200).all()
    assert (square[61:] == 0).all()


def test_png_decodes_to_the_montage() -> None:
    sheet = make_montage(load_preview_tiles(list_previews().head(4)), columns=2, tile_size=64)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(sheet)))), sheet)


def test_preview_tiles_have_the_pixels_and_class_of_their_rows() -> None:
    rows = list_previews().iloc[[0, 100]]
    tiles = load_preview_tiles(rows)
    assert [tile.caption[1] for tile in tiles] == ["Glioma, preview", "Meningioma, preview"]
    assert [tile.pixels.shape for tile in tiles] == [(row.height, row.width) for row in rows.itertuples()]


@pytest.mark.parametrize(("columns", "side"), [(0, 10), (3, 0)])
def test_empty_grid_raises(columns: int, side: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        make_montage([], columns, side)
