"""Which slices of a stack to read: a coarse pass over all of it, then the neighbourhood of suspicious slices."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from braintumor.imaging.scan import SeriesPosition
from braintumor.inference.study.evidence import plane_evidence, probability_of
from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import StudySlice

COARSE_MM: Final = 6.0
FINE_MM: Final = 2.0
# Places of a stack that are read closely; a lesion is at the most suspicious of them.
_MAX_PLACES: Final = 3


class StackPlan:
    """Decides which slices of one stack to read next.

    Parameters
    ----------
    positions : sequence of SeriesPosition
        Of all slices of the stack, in order.
    rule : StudyRule
    """

    def __init__(self, positions: Sequence[SeriesPosition], rule: StudyRule) -> None:
        self._rule = rule
        self._count = len(positions)
        self._spacing = _spacing(positions)
        self._places: list[int] = []

    def coarse(self) -> list[int]:
        """Return the indices of the first pass: a slice every 6 mm, or all without known positions."""
        step = self._step(COARSE_MM)
        return list(range((step - 1) // 2, self._count, step))

    def fine(self, results: Mapping[int, StudySlice]) -> list[int]:
        """Return the indices around the next suspicious place; none if the verdict on the stack needs no more.

        Parameters
        ----------
        results : mapping of index to StudySlice
            What was read so far.
        """
        if self._spacing is None or len(self._places) >= _MAX_PLACES or self._is_decided(results):
            return []
        reach = max(1, round(self._rule.smoothing_mm / self._spacing))
        candidates = {
            index: each.tumor_probability
            for index, each in results.items()
            if each.votes and all(abs(index - place) > reach for place in self._places)
        }
        if not candidates:
            return []
        place = max(candidates, key=lambda index: (candidates[index], -index))
        if candidates[place] <= self._rule.rule_out:
            return []
        self._places.append(place)
        start, end = max(0, place - reach), min(self._count, place + reach + 1)
        step = self._step(FINE_MM)
        return [index for index in range(start + (place - start) % step, end, step) if index not in results]

    def _is_decided(self, results: Mapping[int, StudySlice]) -> bool:
        """Whether the place that was read last is suspected already."""
        evidence = plane_evidence(list(results.values()), self._rule) if self._places else None
        return evidence is not None and probability_of(evidence.log_odds) >= self._rule.rule_in

    def _step(self, millimetres: float) -> int:
        return 1 if self._spacing is None else max(1, round(millimetres / self._spacing))


def _spacing(positions: Sequence[SeriesPosition]) -> float | None:
    """Return the distance of neighbouring slices in mm; None if it is not known."""
    places = [position.millimetres for position in positions if position.millimetres is not None]
    if len(places) < max(2, len(positions)):
        return None
    spacing = float(np.median(np.abs(np.diff(places))))
    return spacing if spacing > 0 else None
