"""Screenshots of a viewer, and photographs of a film or a screen."""

from typing import Final

import numpy as np

from braintumor.imaging.picture.components import find_components
from braintumor.imaging.picture.page import Page
from braintumor.imaging.picture.reduction import ReducedPicture

# A bar deeper than this share of the picture is a panel of a window, not a line of text.
_MAX_BAR_DEPTH: Final = 0.13
# So are bars along two sides that meet, each deeper than this share.
_PANEL_DEPTH: Final = 0.05
# Dark spots on a light page, such as letters and icons: this many make it a window.
_MIN_SPOTS: Final = 10
# Corners of a photograph: blocks along a side, their darkest level, and how much they differ.
_CORNER_BLOCKS: Final = 12
_CORNER_LEVEL: Final = 8
_CORNER_RANGE: Final = 15
_MAX_CORNER_LEVEL: Final = 140


def is_screenshot(picture: ReducedPicture, bars: tuple[int, int, int, int], page: Page | None) -> bool:
    """Whether flat panels of a window surround the slice.

    Parameters
    ----------
    bars : (left, top, right, bottom)
        From `braintumor.imaging.picture.page.bar_depths`.
    page : Page, optional
        From `braintumor.imaging.picture.page.find_page`.
    """
    height, width = picture.pixels.shape
    shares = [bars[0] / width, bars[1] / height, bars[2] / width, bars[3] / height]
    if max(shares) > _MAX_BAR_DEPTH or (max(shares[::2]) > _PANEL_DEPTH and max(shares[1::2]) > _PANEL_DEPTH):
        return True
    return page is not None and not page.is_inverted and _count_spots(page) >= _MIN_SPOTS


def _count_spots(page: Page) -> int:
    """Count the small dark spots on a page, such as words and icons."""
    areas = find_components(~page.surroundings).areas
    return int(np.count_nonzero(areas < 0.01 * page.surroundings.size))


def is_photograph(picture: ReducedPicture) -> bool:
    """Whether the corners are unevenly lit and nowhere black."""
    blocks, side = picture.darkest, _CORNER_BLOCKS
    corners = (blocks[:side, :side], blocks[:side, -side:], blocks[-side:, :side], blocks[-side:, -side:])
    levels = [int(np.partition(corner, corner.size // 4, axis=None)[corner.size // 4]) for corner in corners]
    is_uneven = max(levels) - min(levels) >= _CORNER_RANGE and max(levels) <= _MAX_CORNER_LEVEL
    return min(levels) >= _CORNER_LEVEL and is_uneven
