"""Montages: chosen by seed, captioned, outlined, and whole for any number of tiles."""

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
    load_tiles,
    make_montage,
    make_phantom_tiles,
    render_tile,
    sample_rows,
)
from braintumor.settings import Settings

YELLOW = (255, 221, 51)


def _yellow(image: np.ndarray) -> np.ndarray:
    found: np.ndarray = (image == YELLOW).all(axis=2)
    return found


def test_a_seed_chooses_the_same_images_and_another_seed_others(manifest: pd.DataFrame) -> None:
    one, again, other = (sample_rows(manifest, 9, seed)["path"].tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert len(set(one)) == 9
    shuffled = manifest.sample(frac=1, random_state=0)
    assert sample_rows(shuffled, 9, 1)["path"].tolist() == one


def test_the_choice_keeps_to_what_was_asked(manifest: pd.DataFrame) -> None:
    rows = sample_rows(manifest, 50, labels=["glioma", "pituitary"], plane="axial", split="train")
    assert set(rows["label"]) <= {"glioma", "pituitary"}
    assert set(rows["plane"]) == {"axial"}
    assert set(rows["split"]) == {"train"}
    assert len(sample_rows(manifest, 10_000)) == len(manifest)
    assert sample_rows(manifest, 5, labels=[]).empty


def test_tiles_carry_name_size_and_outline(manifest: pd.DataFrame, audited: Settings) -> None:
    rows = sample_rows(manifest, 3, labels=["meningioma"])
    plain, outlined = load_tiles(rows, audited), load_tiles(rows, audited, outlines=True)
    for row, tile, marked in zip(rows.to_dict("records"), plain, outlined, strict=True):
        assert tile.caption == (row["path"].split("/")[-1], f"{PHANTOM_CAPTION}, {row['width']} x {row['height']}")
        assert tile.mask is None
        assert marked.mask is not None
        assert not _yellow(render_tile(tile, 128)).any()
        assert _yellow(render_tile(marked, 128)).any()


def test_an_outline_runs_around_the_mask_and_hides_nothing_inside() -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 30:70] = True
    line = _yellow(render_tile(Tile("", ("", ""), np.full((100, 100), 90, np.uint8), mask), 100))
    assert not line[40:60, 30:70].any()
    rows, columns = np.nonzero(line)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (39, 60, 29, 70)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 13), st.integers(1, 6), st.integers(8, 60), st.integers(20, 90), st.integers(20, 90))
def test_every_montage_has_room_for_all_its_tiles(count: int, columns: int, side: int, width: int, height: int) -> None:
    chosen = [Tile("", ("a rather long file name.jpg", "x"), np.full((height, width), 200, np.uint8))] * count
    sheet = make_montage(chosen, columns, side)
    across, down = max(1, min(columns, count)), max(1, -(-count // columns))
    assert sheet.shape == (down * (side + 34) + 4, across * (side + 4) + 4, 3)
    filled = (sheet == 200).all(axis=2).sum()
    scale = side / max(width, height)
    assert filled >= 0.7 * count * width * height * scale**2 - 4 * count * side


def test_the_aspect_of_a_slice_is_kept() -> None:
    found = render_tile(Tile("", ("", ""), np.full((50, 100), 200, np.uint8)), 80)
    assert (found[:19] == 0).all()
    assert (found[22:58] == 200).all()
    assert (found[61:] == 0).all()


def test_the_png_is_the_montage() -> None:
    sheet = make_montage(make_phantom_tiles(4), columns=2, tile_size=64)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(sheet)))), sheet)


def test_phantom_tiles_say_that_they_are_drawn() -> None:
    found = make_phantom_tiles(6, seed=3, labels=["glioma", "notumor"], outlines=True)
    assert [tile.caption[1] for tile in found] == [PHANTOM_CAPTION] * 6
    assert [tile.mask is None for tile in found] == [False, True] * 3
    assert make_phantom_tiles(3, labels=[]) == []


@pytest.mark.parametrize(("columns", "side"), [(0, 10), (3, 0)])
def test_a_grid_of_nothing_is_refused(columns: int, side: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        make_montage([], columns, side)
