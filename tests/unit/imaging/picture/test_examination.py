"""Sheets, screenshots, photographs, pages and inverted pictures are recognized from their pixels."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from braintumor.enums import PictureKind, Plane
from braintumor.imaging.picture.examination import examine_picture
from braintumor.imaging.picture.sheet import grid_size
from tests.helpers.scan_files.pictures import draw_slice, make_screenshot, make_sheet, on_page, photograph


@pytest.mark.parametrize(
    ("rows", "columns", "gap", "gap_level"),
    [
        (2, 2, 0, 0),
        (2, 2, 6, 255),
        (1, 2, 0, 0),
        (3, 3, 4, 0),
        (2, 3, 0, 0),
        (4, 4, 0, 0),
        (4, 5, 4, 128),
        (2, 1, 0, 0),
    ],
)
def test_sheet_is_recognized_with_its_panels(rows: int, columns: int, gap: int, gap_level: int) -> None:
    sheet = make_sheet(rows, columns, 128, gap, gap_level)
    examined = examine_picture(sheet)
    assert examined.kind is PictureKind.SHEET
    assert grid_size(examined.panels) == (rows, columns)
    left, top, right, bottom = examined.panels[-1]
    assert (right, bottom) == (sheet.shape[1], sheet.shape[0])
    assert abs(right - left - 128) <= 2 * gap + 1
    assert abs(bottom - top - 128) <= 2 * gap + 1


def test_sheet_on_a_page_is_recognized() -> None:
    examined = examine_picture(on_page(make_sheet(2, 2), (30, 30, 30, 30)))
    assert examined.kind is PictureKind.SHEET


@pytest.mark.parametrize("theme", ["light", "dark", "side panel"])
def test_screenshot_of_a_viewer_is_recognized(theme: str) -> None:
    assert examine_picture(make_screenshot(theme)).kind is PictureKind.SCREENSHOT


@pytest.mark.parametrize(("black", "tilt"), [(15, 40), (25, 60), (40, 35)])
@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL])
def test_photograph_of_a_screen_is_recognized(black: int, tilt: float, plane: Plane) -> None:
    pixels = np.pad(draw_slice(5, 384, plane), 32)
    assert examine_picture(photograph(pixels, black, tilt)).kind is PictureKind.PHOTOGRAPH


@pytest.mark.parametrize("level", [255, 240, 225])
@pytest.mark.parametrize("margins", [(40, 40, 40, 40), (90, 0, 90, 0), (10, 30, 20, 120)])
def test_page_around_a_slice_is_ignored(margins: tuple[int, int, int, int], level: int) -> None:
    pixels = draw_slice(6)
    examined = examine_picture(on_page(pixels, margins, level))
    assert examined.kind is PictureKind.SLICE
    assert examined.has_page
    left, top = margins[:2]
    inner = examined.pixels[top : top + 256, left : left + 256]
    assert np.count_nonzero(inner != pixels) <= 0.01 * pixels.size
    assert examined.pixels[0, 0] == 0


@pytest.mark.parametrize("plane", list(Plane)[:3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_inverted_slice_is_inverted_back(plane: Plane, seed: int) -> None:
    pixels = draw_slice(seed, 256, plane)
    examined = examine_picture(255 - pixels)
    assert examined.is_inverted
    assert np.array_equal(examined.pixels, pixels)


def test_slice_with_flat_grey_background_is_a_slice() -> None:
    pixels = np.maximum(draw_slice(7), 32).astype(np.uint8)
    examined = examine_picture(pixels)
    assert examined.kind is PictureKind.SLICE
    assert not examined.is_inverted


def test_page_of_text_is_no_page_around_a_slice() -> None:
    image = Image.new("L", (600, 800), 255)
    for line in range(33):
        ImageDraw.Draw(image).text(
            (40, 40 + 22 * line), "patient shows no lesion of the brain without contrast", fill=0
        )
    examined = examine_picture(np.array(image))
    assert examined.kind is PictureKind.SLICE
    assert not examined.has_page
    assert not examined.is_inverted
