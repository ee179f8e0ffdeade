"""Burned-in text, rulers and other marks: where they lie, and the picture without them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.components import Components, find_components
from braintumor.imaging.picture.mark_shapes import MarkShapes
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
_MAX_COMPONENTS: Final = 1500
# Strokes are removed with what is thinner than this share of the longer side, at least this many pixels.
_OPENING_SHARE: Final = 0.018
_MIN_OPENING: Final = 7
# Marks are removed with this margin in pixels, for the halo that resampling and JPEG leave.
_MARGIN: Final = 2
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


def remove_marks(picture: ReducedPicture) -> Marks:
    """Find burned-in text, rulers and other marks, and replace them by what surrounds them.

    A picture without bright spots outside its head is not searched in full.
    """
    outline = _head_outline(picture)
    if outline is None:
        return Marks(None)
    head = _grow(outline, picture.brightest > picture.background + _MARK_CONTRAST)
    spots = picture.brightest > picture.background + _PEAK_CONTRAST
    if np.count_nonzero(spots & ~head) < 2 and np.count_nonzero(spots & ~dilate(outline, _SCALP_DISTANCE)) < 2:
        return Marks(None)
    return _search(picture, outline, dilate(head, _NEAR_HEAD))


def _head_outline(picture: ReducedPicture) -> NDArray[np.bool_] | None:
    """Return the octagon around solid tissue on the reduced grid; thin strokes do not count as solid."""
    solid = picture.darkest > picture.background + _TISSUE_CONTRAST
    solid = solid[1:] & solid[:-1]
    solid = solid[:, 1:] & solid[:, :-1]
    height, width = picture.darkest.shape
    rows = np.flatnonzero(solid.any(axis=1))
    if rows.size == 0:
        return None
    first = solid[rows].argmax(axis=1)
    last = width - 1 - solid[rows, ::-1].argmax(axis=1)
    y, x = np.arange(height)[:, None], np.arange(width)
    left = np.maximum(np.maximum(first.min(), (first + rows).min() - y), (first - rows).min() + y) - _HEAD_MARGIN
    right = np.minimum(np.minimum(last.max(), (last + rows).max() - y), (last - rows).max() + y) + _HEAD_MARGIN
    outline = (x >= left) & (x <= right)
    outline[: max(0, rows[0] - _HEAD_MARGIN)] = False
    outline[rows[-1] + _HEAD_MARGIN + 1 :] = False
    return outline


def _grow(seed: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Grow a region into the mask block by block, by a tenth of the picture at most."""
    region, size = seed.copy(), -1
    for _ in range(_GROWTH_STEPS):
        region |= dilate(region) & mask
        previous, size = size, np.count_nonzero(region)
        if size == previous:
            break
    return region


def _search(picture: ReducedPicture, outline: NDArray[np.bool_], near_head: NDArray[np.bool_]) -> Marks:
    """Search the full picture for strokes that are brighter than their surroundings."""
    pixels, background = picture.pixels, picture.background
    size = max(_MIN_OPENING, round(_OPENING_SHARE * max(pixels.shape))) | 1
    surroundings = open_gray(pixels, size)
    strokes = pixels - surroundings
    components = find_components(strokes > _MARK_CONTRAST)
    peaks = components.peaks(strokes)
    candidates = np.flatnonzero((peaks > _PEAK_CONTRAST) & (components.areas >= 3))
    if not 0 < candidates.size <= _MAX_COMPONENTS:
        return Marks(None)
    boxes = components.boxes[candidates]
    is_mark = _classify(picture, strokes, components, candidates, outline, near_head)
    if not is_mark.any():
        return Marks(None)
    mask = np.zeros(pixels.shape, bool)
    is_on_head = False
    for left, top, right, bottom in boxes[is_mark]:
        area = np.s_[max(0, top - _MARGIN) : bottom + _MARGIN, max(0, left - _MARGIN) : right + _MARGIN]
        mask[area] = True
        is_on_head = is_on_head or np.mean(surroundings[area] > background + _TISSUE_CONTRAST) > _ON_HEAD_SHARE
    return Marks(np.where(mask, surroundings, pixels), bool(is_on_head))


def _classify(
    picture: ReducedPicture,
    strokes: NDArray[np.uint8],
    components: Components,
    candidates: NDArray[np.int64],
    outline: NDArray[np.bool_],
    near_head: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Decide which of the candidate components are marks."""
    boxes, contrasts = components.boxes[candidates], components.peaks(strokes)[candidates]
    levels = components.peaks(picture.pixels)[candidates]
    on_scalp = components.touching(dilate(outline, _SCALP_DISTANCE), picture.factor)[candidates]
    is_near = components.touching(near_head, picture.factor)[candidates]
    sharp = np.array([_is_sharp(strokes, box) for box in boxes], bool)
    straight = np.array([_has_straight_axis(strokes, box) for box in boxes], bool)
    shapes = MarkShapes(boxes, components.areas[candidates], components.run_counts[candidates], levels, strokes.shape)
    singles = shapes.are_single_letters() & (contrasts > _SINGLE_CONTRAST)
    on_head = components.touching(outline, picture.factor)[candidates]
    is_mark = shapes.are_text(on_scalp) & ~on_head | shapes.are_surely_text()
    is_mark = sharp & (is_mark | (singles | shapes.are_lines() & straight) & ~is_near)
    return is_mark | (shapes.are_close_to(is_mark) & ~is_near) if is_mark.any() else is_mark


def _is_sharp(strokes: NDArray[np.uint8], box: NDArray[np.int64]) -> bool:
    """Whether a step between two neighbouring pixels is about half of the contrast of a component, or more."""
    left, top, right, bottom = box
    region = strokes[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1].astype(np.int16)
    step = max(int(np.abs(np.diff(region, axis=axis)).max(initial=0)) for axis in (0, 1))
    return step >= _SHARP_STEP * int(region.max())


def _has_straight_axis(strokes: NDArray[np.uint8], box: NDArray[np.int64]) -> bool:
    """Whether one row or column of a box is bright from end to end, unlike along a curve."""
    left, top, right, bottom = box
    bright = strokes[top:bottom, left:right] > _MARK_CONTRAST
    return bool(bright.mean(axis=0 if bottom - top > right - left else 1).max() >= _STRAIGHT_SHARE)
