"""Text within the head: many sharp vertical edges in a few rows, all equally bright, unlike any anatomy."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.head_outline import HeadOutline
from braintumor.imaging.picture.reduction import ReducedPicture

# Edges from which the picture is searched for marks, and from which there is text on the head without doubt. Of 1,311
# slices of the test folder, 14 and none have as many.
SOME_EDGES: Final = 10
MANY_EDGES: Final = 20

# Grey levels between neighbouring pixels of a row, on the edge of a letter.
_SHARP_STEP: Final = 80
# Every second row is searched, and edges are counted in this many of them; also small letters are as high.
_STEP: Final = 2
_ROWS: Final = 3
# Grey levels within which the brighter sides of the edges lie.
_LEVELS: Final = 15
# Those rows have this many times more edges than the median of the others; sharpened pictures have edges everywhere.
_CONCENTRATION: Final = 3
# The scalp and the skull, left out on each side, as a share of the height or width of the head.
_RIM_SHARE: Final = 1 / 8
# The head has at least this many rows and columns of blocks.
_MIN_BLOCKS: Final = 8


def count_letter_edges(picture: ReducedPicture, outline: HeadOutline) -> int:
    """Count the edges of letters in the rows of the head that have the most: 30 to 50 for a line of six letters.

    0 if there are fewer than `SOME_EDGES` in the whole head.
    """
    inner = _inside_head(picture, outline)
    if inner is None:
        return 0
    first, second = inner[:, :-1], inner[:, 1:]
    brighter = np.maximum(first, second)
    is_edge = brighter - np.minimum(first, second) > _SHARP_STEP
    if np.count_nonzero(is_edge) < SOME_EDGES:  # most pictures
        return 0
    edges_per_row = np.bincount(np.flatnonzero(is_edge) // is_edge.shape[1], minlength=len(is_edge))
    counts = np.convolve(edges_per_row, np.ones(_ROWS, np.int64), "valid")
    top = int(counts.argmax())
    if counts[top] < _CONCENTRATION * np.partition(counts, counts.size // 2)[counts.size // 2]:
        return 0
    levels = np.bincount(brighter[top : top + _ROWS][is_edge[top : top + _ROWS]], minlength=256)
    return int(np.convolve(levels, np.ones(_LEVELS, np.int64), "valid").max())


def _inside_head(picture: ReducedPicture, outline: HeadOutline) -> NDArray[np.uint8] | None:
    """Return the pixels of a rectangle in the head, without its rim; None if it is too small."""
    middle = (outline.top + outline.bottom) // 2
    left, right = int(outline.first[middle, 0]), int(outline.last[middle, 0])
    height, width = outline.bottom + 1 - outline.top, right + 1 - left
    if min(height, width) < _MIN_BLOCKS:
        return None
    rim_y, rim_x = round(_RIM_SHARE * height), round(_RIM_SHARE * width)
    rows = slice((outline.top + rim_y) * picture.factor, (outline.bottom + 1 - rim_y) * picture.factor)
    columns = slice((left + rim_x) * picture.factor, (right + 1 - rim_x) * picture.factor)
    return picture.pixels[rows, columns][::_STEP]
