"""Evidence for a tumour along the slices of one plane, smoothed so that no single slice decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import StudySlice

_MIN_PROBABILITY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Evidence:
    """Smoothed evidence of one plane.

    Attributes
    ----------
    slices : tuple of StudySlice
        The slices that vote, in order.
    smoothed : ndarray of float64, shape (n,)
        For each slice, the highest mean log-odds of a window that contains it.
    peak : slice
        The window with the highest mean, as a range of `slices`.
    """

    slices: tuple[StudySlice, ...]
    smoothed: NDArray[np.float64]
    peak: slice

    @property
    def log_odds(self) -> float:
        """Highest mean log-odds of a window."""
        return float(self.smoothed.max())

    @property
    def peak_slices(self) -> tuple[StudySlice, ...]:
        """Slices of the window with the highest mean."""
        return self.slices[self.peak]

    @property
    def key_slice(self) -> StudySlice:
        """The slice with the highest tumour probability in the window with the highest mean."""
        return max(self.peak_slices, key=lambda each: each.tumor_probability)


def log_odds_of(probability: float) -> float:
    """Return the log-odds of a probability, finite at 0 and 1."""
    clipped = min(max(probability, _MIN_PROBABILITY), 1 - _MIN_PROBABILITY)
    return float(np.log(clipped) - np.log1p(-clipped))


def probability_of(log_odds: float) -> float:
    """Return the probability of log-odds."""
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def in_order(slices: Sequence[StudySlice]) -> list[StudySlice]:
    """Sort the slices of a stack by position if all have one, else by their index."""
    if all(each.millimetres is not None for each in slices):
        return sorted(slices, key=lambda each: (each.millimetres or 0.0, each.order))
    return sorted(slices, key=lambda each: each.order)


def plane_evidence(slices: Sequence[StudySlice], rule: StudyRule) -> Evidence | None:
    """Smooth the evidence of the slices of one stack; None if too few of them vote.

    Windows of `smoothing_mm`, but of at least `min_slices`, slide over the slices that vote. A stack shorter than that
    is one window. With fewer slices that vote than `min_slices`, only a stack that has no others is judged.
    """
    voting = in_order([each for each in slices if each.votes])
    if not voting or len(voting) < min(rule.min_slices, len(slices)):
        return None
    values = np.array([log_odds_of(each.tumor_probability) for each in voting])
    values = np.clip(values, -rule.max_log_odds, rule.max_log_odds)
    windows = _windows(voting, rule)
    smoothed = np.full(len(voting), -np.inf)
    means = [float(values[window].mean()) for window in windows]
    for window, mean in zip(windows, means, strict=True):
        smoothed[window] = np.maximum(smoothed[window], mean)
    return Evidence(tuple(voting), smoothed, windows[int(np.argmax(means))])


def _windows(slices: Sequence[StudySlice], rule: StudyRule) -> list[slice]:
    """Return the shortest window that starts at each slice and is long enough; the whole stack if none is."""
    count = len(slices)
    places = np.array([np.nan if each.millimetres is None else each.millimetres for each in slices])
    has_places = bool(np.isfinite(places).all())
    step = float(np.median(np.diff(places))) if has_places and count > 1 else 0.0
    windows = []
    for start in range(count):
        end = start + rule.min_slices
        if has_places:
            # 10 mm are 10 slices of 1 mm: a slice reaches half a step beyond its middle on both sides.
            reach = places[start] + rule.smoothing_mm - step
            end = max(end, int(np.searchsorted(places, reach - 1e-6)) + 1)
        if end > count:
            break
        windows.append(slice(start, end))
    return windows or [slice(0, count)]
