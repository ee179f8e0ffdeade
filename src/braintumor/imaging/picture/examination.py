"""What a picture shows, and its grey values without marks, bars and page: the entry point of this package."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import PictureKind
from braintumor.imaging.picture.page import Page, bar_depths, fill_page, find_page
from braintumor.imaging.picture.reduction import ReducedPicture, reduce_picture
from braintumor.imaging.picture.screen import is_photograph, is_screenshot
from braintumor.imaging.picture.sheet import Panel, find_panels
from braintumor.imaging.picture.text_overlay import remove_marks

# Smaller pictures have no room for panels or text.
_MIN_SIDE: Final = 48
_MAX_SIDE_BAR: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class PictureExamination:
    """What a picture shows.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Grey values without text, rulers, bars and page, and inverted back if they were inverted. The array that was
        passed in if nothing is changed.
    kind : PictureKind
    panels : tuple of (left, top, right, bottom)
        Panels of a sheet in pixels, from left to right and top to bottom.
    is_inverted : bool
        Whether the grey values were inverted.
    has_page : bool
        Whether a white page around the slice was ignored.
    has_marks : bool
        Whether text, rulers or bars were removed.
    has_text_on_head : bool
        Whether some of them lay on the head.
    """

    pixels: NDArray[np.uint8]
    kind: PictureKind = PictureKind.SLICE
    panels: tuple[Panel, ...] = ()
    is_inverted: bool = False
    has_page: bool = False
    has_marks: bool = False
    has_text_on_head: bool = False


def examine_picture(
    pixels: NDArray[np.uint8], original: NDArray[np.uint8] | NDArray[np.float32] | None = None
) -> PictureExamination:
    """Find out what a picture shows, and remove what does not belong to the slice.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Grey values from 0 to 255.
    original : ndarray of uint8 (0 to 255) or float32 (0 to 1), shape (height, width), optional
        Grey values before their darkest ones were made black; the same by default. Photographs have no black.
    """
    if min(pixels.shape) < _MIN_SIDE:
        return PictureExamination(pixels)
    picture = reduce_picture(pixels)
    page = find_page(picture)
    if page is not None:
        return _examine_page(picture, page)
    examined = _examine_dark(picture)
    if examined.kind is PictureKind.SLICE and is_photograph(pixels if original is None else original):
        return PictureExamination(pixels, PictureKind.PHOTOGRAPH)
    return examined


def _examine_page(picture: ReducedPicture, page: Page) -> PictureExamination:
    if page.is_inverted:
        examined = _examine_dark(reduce_picture(np.uint8(255) - picture.pixels))
        return replace(examined, is_inverted=True)
    if is_screenshot(picture, (0, 0, 0, 0), page):
        return PictureExamination(picture.pixels, PictureKind.SCREENSHOT)
    examined = _examine_dark(reduce_picture(fill_page(picture, page)))
    return replace(examined, has_page=True)


def _examine_dark(picture: ReducedPicture) -> PictureExamination:
    """Examine a picture with a dark background."""
    bars = bar_depths(picture)
    if any(bars):
        if is_screenshot(picture, bars, None):
            return PictureExamination(picture.pixels, PictureKind.SCREENSHOT)
        # At the sides, only frames and scroll bars are narrow enough to be no part of the picture.
        limit = _MAX_SIDE_BAR * picture.pixels.shape[1]
        left, right = (depth if depth <= limit else 0 for depth in bars[::2])
        bars = (left, bars[1], right, bars[3])
        picture = _without_bars(picture, bars)
    panels = find_panels(picture)
    if panels:
        return PictureExamination(picture.pixels, PictureKind.SHEET, panels)
    marks = remove_marks(picture)
    pixels = picture.pixels if marks.pixels is None else marks.pixels
    has_marks = any(bars) or marks.pixels is not None
    return PictureExamination(pixels, has_marks=has_marks, has_text_on_head=marks.is_on_head)


def _without_bars(picture: ReducedPicture, bars: tuple[int, int, int, int]) -> ReducedPicture:
    left, top, right, bottom = bars
    height, width = picture.pixels.shape
    pixels = np.full((height, width), picture.background, np.uint8)
    inner = np.s_[top : height - bottom, left : width - right]
    pixels[inner] = picture.pixels[inner]
    return reduce_picture(pixels)
