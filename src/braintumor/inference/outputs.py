"""Outputs: what a network says of frames, before calibration turns it into probabilities and a verdict."""

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

LOGITS: Final = "logits"
# Logits of single pixels are kept from running away: beyond this a mask is as sure as it can be.
_MIN_PROBABILITY: Final = 1e-6
_HALF: Final = np.float32(0.5)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Outputs for n frames; what a version does not give is None.

    Attributes
    ----------
    logits : ndarray of float32, shape (n, 4)
    maps : ndarray of float32, shape (n, 4, rows, columns), or None
        Evidence for each class over the model's frame.
    mask : ndarray of float32, shape (n, rows, columns), or None
        Probability that each pixel of the frame is tumour.
    features : ndarray of float32, shape (n, d), or None
        What the network sees, by which unlike pictures are told apart.
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float32] | None = None
    mask: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None

    @classmethod
    def concat(cls, parts: list[Self]) -> Self:
        """Outputs of several batches, one after the other."""
        joined: dict[str, Any] = {}
        for field in fields(cls):
            found = [getattr(part, field.name) for part in parts]
            joined[field.name] = None if found[0] is None else np.concatenate(found)
        return cls(**joined)

    def average_with(self, mirrored: "Outputs") -> "Outputs":
        """These outputs, averaged with those of the same frames seen in a mirror.

        Log-probabilities, maps and masks are averaged, the latter two turned back first; features stay those of the
        frames as they are, which novelty knows.
        """

        def both(ours: NDArray[np.float32] | None, theirs: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
            return None if ours is None or theirs is None else (ours + theirs[..., ::-1]) * _HALF

        logits = (_log_probabilities(self.logits) + _log_probabilities(mirrored.logits)) * _HALF
        return Outputs(logits, both(self.maps, mirrored.maps), both(self.mask, mirrored.mask), self.features)

    def select(self, indices: NDArray[np.int64]) -> "Outputs":
        """Outputs for some of the frames."""
        chosen: dict[str, Any] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            chosen[field.name] = None if values is None else values[indices]
        return Outputs(**chosen)

    def mask_log_odds(self) -> NDArray[np.float64] | None:
        """Log-odds of the pixel surest to be tumour, one per frame (n,); None without a mask."""
        if self.mask is None:
            return None
        surest = np.clip(self.mask.max(axis=(1, 2)).astype(np.float64), _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
        return np.asarray(np.log(surest) - np.log1p(-surest))


def _log_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    highest = logits.max(axis=1, keepdims=True)
    return np.asarray(logits - highest - np.log(np.exp(logits - highest).sum(axis=1, keepdims=True)), np.float32)
