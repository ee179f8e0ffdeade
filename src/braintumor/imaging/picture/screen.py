"""Screenshots of a viewer, and photographs of a film or a screen."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.components import find_components
from braintumor.imaging.picture.page import Page
from braintumor.imaging.picture.reduction import ReducedPicture

# A bar deeper than this share of the picture is a panel of a window, not a line of text.
_MAX_BAR_DEPTH: Final = 0.13
# So are bars along two sides that meet, each deeper than this share.
_PANEL_DEPTH: Final = 0.05
# Dark spots on a light page, such as letters and icons: this many make it a window.
_MIN_SPOTS: Final = 10
# Corners of a photograph: share of the longer side, pixels sampled along it, darkest level, and how much they differ.
_CORNER_SHARE: Final = 0.09
_CORNER_STEPS: Final = 16
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


def is_photograph(pixels: NDArray[np.uint8] | NDArray[np.float32]) -> bool:
    """Whether the corners of a picture (height, width) are unevenly lit and nowhere black."""
    side = max(1, round(_CORNER_SHARE * max(pixels.shape)))
    step = max(1, side // _CORNER_STEPS)
    head, tail = slice(0, side, step), slice(-side, None, step)
    scale = 1 if pixels.dtype == np.uint8 else 255
    levels = []
    for corner in (pixels[head, head], pixels[head, tail], pixels[tail, head], pixels[tail, tail]):
        levels.append(scale * float(np.partition(corner, corner.size // 8, axis=None)[corner.size // 8]))
        if levels[-1] < _CORNER_LEVEL:
            return False
    return max(levels) - min(levels) >= _CORNER_RANGE and max(levels) <= _MAX_CORNER_LEVEL
