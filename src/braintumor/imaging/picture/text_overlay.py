"""Burned-in text, rulers and other marks: where they lie, and the picture without them."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.components import Components, find_components
from braintumor.imaging.picture.head_outline import HeadOutline
from braintumor.imaging.picture.head_text import MANY_EDGES, SOME_EDGES, count_letter_edges
from braintumor.imaging.picture.mark_shapes import Boxes, MarkShapes
from braintumor.imaging.picture.reduction import ReducedPicture, dilate, open_gray

# Levels above the background: of tissue, of any pixel of a mark, and of the brightest pixel of a mark.
_TISSUE_CONTRAST: Final = 24
_MARK_CONTRAST: Final = 30
_PEAK_CONTRAST: Final = 60
_SINGLE_CONTRAST: Final = 90
# Steps between neighbouring pixels, as a share of the contrast of a mark.
_SHARP_STEP: Final = 0.45
_STRAIGHT_SHARE: Final = 0.9
# More components than this are noise or a pattern, not text.
_MAX_COMPONENTS: Final = 800
_MAX_RUNS: Final = 60_000
# Strokes are removed with what is thinner than this share of the longer side, at least this many pixels.
_OPENING_SHARE: Final = 0.018
_MIN_OPENING: Final = 7
# Marks are removed with this margin in pixels, for the halo that resampling and JPEG leave.
_MARGIN: Final = 2
# The rest of a line of letters on the head: within this many heights of a letter, and levels of its brightest pixel.
_REST_HEIGHTS: Final = 4
_REST_LEVELS: Final = 30
# A mark lies on the head if more than this share of its surroundings is tissue.
_ON_HEAD_SHARE: Final = 0.2
# The head ends this many blocks beyond solid tissue, and thin parts are followed for this many.
_HEAD_MARGIN: Final = 3
_GROWTH_STEPS: Final = 12
# Bright blocks this far from solid tissue are no scalp. A single letter lies at least `_NEAR_HEAD` from the head.
_SCALP_DISTANCE: Final = 8
_NEAR_HEAD: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Marks in a picture.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width), or None
        The picture with the marks replaced by their surroundings; None without marks.
    is_on_head : bool
        Whether some marks lie on the head.
    """

    pixels: NDArray[np.uint8] | None
    is_on_head: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class HeadRegions:
    """The head on the reduced grid: solid tissue, with the scalp, and with everything near it."""

    solid: NDArray[np.bool_]
    scalp: NDArray[np.bool_]
    near: NDArray[np.bool_]


def remove_marks(picture: ReducedPicture) -> Marks:
    """Find burned-in text, rulers and other marks, and replace them by what surrounds them.

    A picture without bright spots outside its head, and without edges as of letters on it, is not searched in full.
    """
    outline = HeadOutline.of(picture)
    if outline is None:
        return Marks(None)
    edges = count_letter_edges(picture, outline)
    regions = _divide(picture, outline, is_needed=edges >= SOME_EDGES)
    marks = Marks(None) if regions is None else _search(picture, regions)
    return replace(marks, is_on_head=marks.is_on_head or edges >= MANY_EDGES)


def _divide(picture: ReducedPicture, outline: HeadOutline, is_needed: bool) -> HeadRegions | None:
    """Return the regions of the head; None if they are not needed and there are no bright spots outside."""
    octagon = outline.to_mask(_HEAD_MARGIN)
    spots = picture.brightest > picture.background + _PEAK_CONTRAST
    if not is_needed and np.count_nonzero(spots & ~octagon) < 2:  # head and scalp are larger than the octagon
        return None
    head = _grow(octagon, picture.brightest > picture.background + _MARK_CONTRAST)
    scalp = outline.to_mask(_HEAD_MARGIN + _SCALP_DISTANCE)
    if not is_needed and np.count_nonzero(spots & ~head) < 2 and np.count_nonzero(spots & ~scalp) < 2:
        return None
    return HeadRegions(octagon, scalp, dilate(head, _NEAR_HEAD))


def _grow(seed: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Grow a region into the mask block by block, by a tenth of the picture at most."""
    region, size = seed.copy(), -1
    for _ in range(_GROWTH_STEPS):
        region |= dilate(region) & mask
        previous, size = size, int(np.count_nonzero(region))
        if size == previous:
            break
    return region


def _search(picture: ReducedPicture, head: HeadRegions) -> Marks:
    """Search the full picture for strokes that are brighter than their surroundings."""
    pixels = picture.pixels
    size = max(_MIN_OPENING, round(_OPENING_SHARE * max(pixels.shape))) | 1
    surroundings = open_gray(pixels, size)
    strokes = pixels - surroundings
    is_stroke = strokes > _MARK_CONTRAST
    if np.count_nonzero(is_stroke[:, 1:] & ~is_stroke[:, :-1]) > _MAX_RUNS:
        return Marks(None)
    boxes = _find_mark_boxes(picture, strokes, find_components(is_stroke), head)
    if not len(boxes):
        return Marks(None)
    mask = np.zeros(pixels.shape, bool)
    is_on_head = False
    for left, top, right, bottom in boxes:
        area = np.s_[max(0, top - _MARGIN) : bottom + _MARGIN, max(0, left - _MARGIN) : right + _MARGIN]
        mask[area] = True
        is_tissue = surroundings[area] > picture.background + _TISSUE_CONTRAST
        is_on_head = is_on_head or bool(np.mean(is_tissue) > _ON_HEAD_SHARE)
    if is_on_head:
        mask |= _rest_of_lines(pixels, is_stroke, boxes)
    return Marks(np.where(mask, surroundings, pixels), is_on_head)


def _rest_of_lines(pixels: NDArray[np.uint8], is_stroke: NDArray[np.bool_], boxes: Boxes) -> NDArray[np.bool_]:
    """Return the strokes as bright as a letter that follow on its line, such as letters that touch bright tissue."""
    rest = np.zeros(pixels.shape, bool)
    for left, top, right, bottom in boxes:
        height = bottom - top
        if right - left > 2 * height or height > 2 * (right - left) + 4:
            continue  # a line or a tick
        area = np.s_[top : bottom + 1, max(0, left - _REST_HEIGHTS * height) : right + _REST_HEIGHTS * height]
        rest[area] |= pixels[area] + np.float32(_REST_LEVELS) >= int(pixels[top:bottom, left:right].max())
    return dilate(rest & is_stroke) & is_stroke


def _find_mark_boxes(
    picture: ReducedPicture, strokes: NDArray[np.uint8], components: Components, head: HeadRegions
) -> Boxes:
    """Return the boxes of the components that are marks: sharp, and letters, ticks or lines by their shape."""
    contrasts = components.peaks(strokes)
    is_candidate = (contrasts > _PEAK_CONTRAST) & (components.areas >= 3)
    components, contrasts = components.select(is_candidate), contrasts[is_candidate]
    is_sharp = components.peaks(_steps(strokes)) >= _SHARP_STEP * contrasts
    components, contrasts, boxes = components.select(is_sharp), contrasts[is_sharp], components.boxes[is_sharp]
    if not 0 < len(components) <= _MAX_COMPONENTS:
        return boxes[:0]
    levels = components.peaks(picture.pixels)
    on_head, on_scalp, is_near = (
        components.touching(region, picture.factor) for region in (head.solid, head.scalp, head.near)
    )
    shapes = MarkShapes(boxes, components.areas, components.run_counts, levels, strokes.shape)
    is_line = shapes.are_lines() & ~is_near
    is_line[is_line] = [_has_straight_axis(strokes, box) for box in boxes[is_line]]
    is_single = shapes.are_single_letters() & (contrasts > _SINGLE_CONTRAST) & ~is_near
    is_mark = (shapes.are_text(on_scalp) & ~on_head) | shapes.are_surely_text() | is_line | is_single
    if is_mark.any():
        is_mark |= shapes.are_on_lines_of(is_mark)
        is_mark |= shapes.are_close_to(is_mark) & ~is_near
    return boxes[is_mark]


def _steps(strokes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest step from each pixel to its neighbour on the left and above."""
    steps = np.zeros_like(strokes)
    left, right, upper, lower = strokes[:, :-1], strokes[:, 1:], strokes[:-1], strokes[1:]
    np.subtract(np.maximum(left, right), np.minimum(left, right), out=steps[:, 1:])
    np.maximum(steps[1:], np.maximum(upper, lower) - np.minimum(upper, lower), out=steps[1:])
    return steps


def _has_straight_axis(strokes: NDArray[np.uint8], box: NDArray[np.int64]) -> bool:
    """Whether one row or column of a box is bright from end to end, unlike along a curve."""
    left, top, right, bottom = box
    bright = strokes[top:bottom, left:right] > _MARK_CONTRAST
    return bool(bright.mean(axis=0 if bottom - top > right - left else 1).max() >= _STRAIGHT_SHARE)
