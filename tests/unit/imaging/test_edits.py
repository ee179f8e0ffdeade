"""Edits of a scan by the reader: turn, crop, inversion."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import PictureKind
from braintumor.errors import ScanError
from braintumor.imaging import InputSpec, Scan, preprocess, read_scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit, apply_edit, turn_scan
from braintumor.imaging.model_gray import model_gray


@pytest.fixture
def scan() -> Scan:
    """A scan of 60 rows and 80 columns, 2 mm between rows and 1 mm between columns."""
    values = np.arange(4800, dtype=np.uint16).astype(np.uint8).reshape(60, 80)
    return replace(read_scan(values, "slice.png"), spacing=(2.0, 1.0))


@pytest.fixture
def deep_scan(scan: Scan) -> Scan:
    """The scan with values before windowing."""
    raw = np.arange(4800, dtype=np.float32).reshape(60, 80) - 100
    unit = np.clip((raw - 900) / 2000, 0, 1).astype(np.float32)
    return replace(scan, values=unit, raw=raw, window=(1900.0, 2000.0), bits=16)


def test_an_empty_edit_changes_nothing(scan: Scan) -> None:
    assert apply_edit(scan, ScanEdit()) == scan
    assert ScanEdit().is_empty
    assert not ScanEdit().turned(4).is_empty, "the reader says that the scan is upright"


def test_a_quarter_turn_moves_the_top_left_corner_to_the_top_right(scan: Scan) -> None:
    turned = turn_scan(scan, 1)
    assert turned.values.shape == (80, 60)
    assert turned.values[0, -1] == scan.values[0, 0]
    assert turned.spacing == (1.0, 2.0)


@pytest.mark.parametrize("turns", range(4))
def test_opposite_turns_restore_the_scan(deep_scan: Scan, turns: int) -> None:
    restored = turn_scan(turn_scan(deep_scan, turns), -turns)
    np.testing.assert_array_equal(restored.values, deep_scan.values)
    np.testing.assert_array_equal(restored.raw, deep_scan.raw)
    assert restored.spacing == deep_scan.spacing


def test_a_half_turn_does_not_exchange_the_spacing(scan: Scan) -> None:
    assert turn_scan(scan, 2).spacing == (2.0, 1.0)


def test_values_before_windowing_follow_turn_and_crop(deep_scan: Scan) -> None:
    edited = apply_edit(deep_scan, ScanEdit(turn=3, crop=(10, 5, 70, 50)))
    expected = np.rot90(deep_scan.raw[5:50, 10:70])
    np.testing.assert_array_equal(edited.raw, expected)
    np.testing.assert_allclose(edited.values, np.clip((expected - 900) / 2000, 0, 1))


def test_inversion_exchanges_bright_and_dark_with_the_window(deep_scan: Scan) -> None:
    edited = apply_edit(deep_scan, ScanEdit(is_inverted=True))
    assert edited.raw is not None
    assert edited.window is not None
    center, width = edited.window
    np.testing.assert_allclose(edited.values, np.clip((edited.raw - center) / width + 0.5, 0, 1), atol=1e-5)
    np.testing.assert_allclose(edited.values, 1 - deep_scan.values, atol=1e-6)


def test_inverting_twice_restores_grey_values(scan: Scan) -> None:
    edit = ScanEdit().inverted()
    np.testing.assert_array_equal(apply_edit(apply_edit(scan, edit), edit).values, scan.values)
    assert edit.inverted() == ScanEdit()


def test_a_decompressed_scan_keeps_its_exact_model_grey_when_turned() -> None:
    raw = np.random.default_rng(0).normal(0, 1e-3, (64, 48)).astype(np.float32)
    scan = CompressedScan.from_scan(read_scan(raw, "slice")).to_scan()
    np.testing.assert_array_equal(model_gray(turn_scan(scan, 1)), np.rot90(model_gray(scan), -1))


def test_a_turned_and_turned_back_scan_gives_the_same_model_input() -> None:
    scan = read_scan(make_phantom("glioma", 3, 200).pixels, "phantom")
    spec = InputSpec(96, 96)
    restored = turn_scan(turn_scan(scan, 1), 3)
    np.testing.assert_array_equal(preprocess(restored, spec)[0], preprocess(scan, spec)[0])


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("first", [None, (10, 4, 74, 56)])
def test_a_crop_of_the_edited_scan_reads_the_same_pixels(
    scan: Scan, turn: int, first: tuple[int, int, int, int] | None
) -> None:
    edit = ScanEdit(turn=turn, crop=first)
    shown = apply_edit(scan, edit)
    left, top, right, bottom = 5, 9, 5 + 36, 9 + 33
    part = apply_edit(scan, edit.cropped((left, top, right, bottom), (scan.width, scan.height)))
    np.testing.assert_array_equal(part.values, shown.values[top:bottom, left:right])


def test_a_crop_beyond_the_edge_is_clipped_to_the_scan(scan: Scan) -> None:
    assert ScanEdit().cropped((-5, -5, 500, 40), (80, 60)).crop == (0, 0, 80, 40)


@pytest.mark.parametrize("crop", [(0, 0, 81, 60), (-1, 0, 40, 40), (50, 0, 50, 40)])
def test_a_part_outside_the_picture_is_refused(scan: Scan, crop: tuple[int, int, int, int]) -> None:
    with pytest.raises(ScanError, match=r"^slice.png: the part to read lies outside"):
        apply_edit(scan, ScanEdit(crop=crop))


def test_a_part_under_32_pixels_is_refused(scan: Scan) -> None:
    with pytest.raises(ScanError, match=r"^slice.png: the part to read is 31 x 40 pixels"):
        apply_edit(scan, ScanEdit(crop=(0, 0, 31, 40)))


def test_a_uniform_part_is_refused(scan: Scan) -> None:
    values = np.zeros((60, 80), np.uint8)
    values[:, 60:] = 200
    with pytest.raises(ScanError, match="same value"):
        apply_edit(replace(scan, values=values), ScanEdit(crop=(0, 0, 40, 40)))


def test_a_part_of_a_sheet_is_read_as_a_slice(scan: Scan) -> None:
    sheet = replace(scan, picture=PictureKind.SHEET)
    assert apply_edit(sheet, ScanEdit(crop=(0, 0, 40, 40))).picture is PictureKind.SLICE
    assert apply_edit(sheet, ScanEdit(turn=1)).picture is PictureKind.SHEET


def test_an_edit_is_described_in_the_warnings(scan: Scan) -> None:
    edited = apply_edit(replace(scan, warnings=("First.",)), ScanEdit(1, (0, 0, 40, 40), True))
    assert edited.warnings == (
        "First.",
        "The reader changed the picture before it was read: cropped, turned right by 90 degrees, inverted.",
    )


def test_a_scan_turned_by_the_reader_counts_as_upright(scan: Scan) -> None:
    assert apply_edit(scan, ScanEdit().turned(1)).is_oriented
    assert apply_edit(scan, ScanEdit().turned(4)).is_oriented
    assert not apply_edit(scan, ScanEdit(crop=(0, 0, 40, 40))).is_oriented


def test_a_turn_outside_0_to_3_is_refused() -> None:
    with pytest.raises(ValueError, match="not 4"):
        ScanEdit(turn=4)
