"""Which small components of a picture are letters, rulers or lines, by the size and arrangement of their boxes."""

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Letters of a line, ticks of a ruler.
_MIN_LETTERS: Final = 3
_MIN_LETTERS_ON_HEAD: Final = 5
_MIN_TICKS: Final = 4
_MIN_TICKS_ON_HEAD: Final = 9
# Grey levels by which the brightest pixels of the letters of a line differ at most.
_LEVEL_TOLERANCE: Final = 60
_NEAR_LEVEL_TOLERANCE: Final = 25
_STRICT_LEVEL_TOLERANCE: Final = 12
# A line of letters is continued this often, each time by eight heights.
_LINE_STEPS: Final = 3
# Sizes as fractions of the longer side of the picture.
_LETTER_HEIGHT: Final = 0.09
_SINGLE_HEIGHT: Final = 0.014
_STROKE_WIDTH: Final = 0.012
_TICK_LENGTH: Final = 0.1
_LINE_LENGTH: Final = 0.08
_RULER_WIDTH: Final = 0.06


class MarkShapes:
    """Small components of a picture, judged by their boxes.

    Parameters
    ----------
    boxes : ndarray of int64, shape (n, 4)
        Left, top, right, bottom.
    areas, run_counts, levels : ndarray of int64, shape (n,)
        Pixels and runs of pixels of each component, and its brightest grey level.
    shape : (int, int)
        Height and width of the picture.
    """

    def __init__(
        self,
        boxes: Boxes,
        areas: NDArray[np.int64],
        run_counts: NDArray[np.int64],
        levels: NDArray[np.int64],
        shape: tuple[int, int],
    ) -> None:
        self._boxes, self._areas, self._run_counts, self._levels = boxes, areas, run_counts, levels
        self._side = max(shape)
        self._width, self._height = (boxes[:, 2:] - boxes[:, :2]).T
        self._longer = np.maximum(self._width, self._height)
        self._shorter = np.minimum(self._width, self._height)
        edge = np.array([shape[1], shape[0]])
        self._at_border = (boxes[:, :2] <= 1).any(axis=1) | (boxes[:, 2:] >= edge - 1).any(axis=1)
        self._is_letter = (self._height >= 4) & (self._height <= max(12, _LETTER_HEIGHT * self._side))
        self._is_letter &= (self._width <= 0.4 * self._side) & ~(self._at_border & (self._longer > 0.25 * self._side))

    def are_single_letters(self) -> Flags:
        """Which may be a letter or an icon on its own, away from the picture's border."""
        is_single = self._is_letter & (self._height >= _SINGLE_HEIGHT * self._side) & ~self._at_border
        return is_single & (self._width <= 2.5 * self._height) & (self._height <= 6 * self._width)

    def are_text(self, near_head: Flags) -> Flags:
        """Which are letters of a line of at least three (five near the head), or ticks of a ruler of at least four."""
        is_text = ~near_head & (self._line_lengths(_LEVEL_TOLERANCE) >= _MIN_LETTERS)
        is_text |= self._line_lengths(_NEAR_LEVEL_TOLERANCE) >= _MIN_LETTERS_ON_HEAD
        return (is_text & self._is_letter) | (~near_head & (self._tick_counts(2) >= _MIN_TICKS))

    def are_surely_text(self) -> Flags:
        """Which are text or ticks by stricter measures, which anatomy does not meet: for marks on the head."""
        is_text = self._is_letter & (self._line_lengths(_STRICT_LEVEL_TOLERANCE, True) >= _MIN_LETTERS_ON_HEAD)
        return is_text | (self._tick_counts(1) >= _MIN_TICKS_ON_HEAD)

    def are_lines(self) -> Flags:
        """Which are straight lines, or rulers whose ticks hang on a line; frames along the border are not."""
        stroke = max(4, _STROKE_WIDTH * self._side)
        is_line = (self._shorter <= stroke) & (self._longer >= _LINE_LENGTH * self._side)
        is_line &= self._areas >= 0.6 * self._width * self._height
        is_ruler = (self._shorter <= max(6, _RULER_WIDTH * self._side)) & (self._longer >= 0.12 * self._side)
        is_ruler &= self._areas < 0.6 * self._width * self._height
        return (is_line | is_ruler) & ~self._at_border

    def are_close_to(self, marks: Flags) -> Flags:
        """Which are small and lie within a letter's height of a mark, such as points and dashes."""
        boxes = self._boxes[marks]
        margin = int(np.median(self._height[marks]))
        centers = ((self._boxes[:, :2] + self._boxes[:, 2:]) / 2)[:, None]
        is_inside = (centers >= boxes[:, :2] - margin) & (centers <= boxes[:, 2:] + margin)
        is_close = np.any(np.all(is_inside, axis=2), axis=1)
        return np.asarray(is_close & (self._longer <= 2 * margin))

    def are_on_lines_of(self, marks: Flags) -> Flags:
        """Which continue a line of letters, whatever lies between, such as letters on the head."""
        letters = marks & self._is_letter & (self._longer > 4)
        for _ in range(_LINE_STEPS):
            links = self._continue_lines(self._boxes[letters], self._levels[letters])
            letters = letters | (self._is_letter & links)
        return letters

    def _continue_lines(self, boxes: Boxes, levels: NDArray[np.int64]) -> Flags:
        """Which have the height and level of one of these letters, and follow it on its row or in the next one."""
        left, top, right, bottom = boxes.T
        height = bottom - top
        slack = 1 + 0.08 * height
        is_near = np.abs(self._boxes[:, 1, None] - top) <= slack
        is_near |= np.abs(self._boxes[:, 3, None] - bottom) <= slack
        gap = np.maximum(self._boxes[:, 0, None], left) - np.minimum(self._boxes[:, 2, None], right)
        is_near &= gap <= 8 * height
        row_gap = np.maximum(self._boxes[:, 1, None], top) - np.minimum(self._boxes[:, 3, None], bottom)
        is_near |= (gap < 0) & (row_gap <= height)
        is_near &= np.minimum(self._height[:, None], height) >= 0.75 * np.maximum(self._height[:, None], height)
        is_near &= np.abs(self._levels[:, None] - levels) <= _NEAR_LEVEL_TOLERANCE
        return np.asarray(is_near.any(axis=1))

    def _line_lengths(self, tolerance: int, is_strict: bool = False) -> NDArray[np.float64]:
        """Count the letters on the line of each letter, itself included.

        Letters of a line have similar heights and levels and a common upper or lower edge. Letters that touch count
        by their vertical strokes.
        """
        near = self._neighbors & (np.abs(self._levels[:, None] - self._levels) <= tolerance)
        links = near.astype(np.float32)
        if is_strict:
            return np.asarray(((links @ links @ links) > 0).sum(axis=1))
        strokes_per_row = self._run_counts / np.maximum(self._height, 1)
        weights = np.where(self._width > 1.5 * self._height, np.maximum(1.0, strokes_per_row / 1.5), 1.0)
        return np.asarray(((links @ links @ links) > 0) @ weights)

    @cached_property
    def _neighbors(self) -> Flags:
        """Which pairs are letters of similar heights next to each other on a line, shape (n, n)."""
        left, top, right, bottom = self._boxes.T
        shorter = np.minimum(self._height[:, None], self._height)
        slack = 1 + 0.12 * shorter
        same_edge = (np.abs(top[:, None] - top) <= slack) | (np.abs(bottom[:, None] - bottom) <= slack)
        gap = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
        near = same_edge & (gap <= 1.5 * shorter + 2) & (gap > -0.3 * shorter)
        near |= np.eye(len(left), dtype=bool)
        near &= shorter >= 0.6 * np.maximum(self._height[:, None], self._height)
        return np.asarray(near & self._is_letter[:, None] & self._is_letter)

    def _tick_counts(self, slack: int) -> NDArray[np.int64]:
        """Count the thin strokes of the same length that are aligned with each one, itself included."""
        left, top, right, bottom = self._boxes.T
        stroke = max(4, 0.01 * self._side)
        is_tick = (self._shorter <= stroke) & (self._longer >= 4) & (self._longer <= _TICK_LENGTH * self._side)

        def aligned(first: NDArray[np.int64], last: NDArray[np.int64], length: NDArray[np.int64]) -> Flags:
            same_end = (np.abs(first[:, None] - first) < slack) | (np.abs(last[:, None] - last) < slack)
            alike = same_end & (np.abs(length[:, None] - length) <= slack)
            # A long ruler has ticks of several lengths.
            flush = (first[:, None] == first) | (last[:, None] == last)
            is_long = (flush & pairs).sum(axis=1) >= _MIN_TICKS_ON_HEAD
            return np.asarray(alike | (flush & is_long[:, None]))

        pairs = is_tick[:, None] & is_tick
        columns = (pairs & aligned(left, right, self._width)).sum(axis=1)
        rows = (pairs & aligned(top, bottom, self._height)).sum(axis=1)
        return np.asarray(np.maximum(columns, rows) * is_tick)
