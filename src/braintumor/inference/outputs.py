"""Raw outputs of a network, before calibration turns them into probabilities and a verdict."""

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

LOGITS: Final = "logits"
_MIN_PROBABILITY: Final = 1e-6  # mask probabilities are clipped to it, so that their log-odds stay finite
_HALF: Final = np.float32(0.5)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Outputs for n scans; None for those that a network does not have.

    Attributes
    ----------
    logits : ndarray of float32, shape (n, 4)
    maps : ndarray of float32, shape (n, 4, rows, columns), or None
        Evidence for each class over the model input.
    mask : ndarray of float32, shape (n, rows, columns), or None
        Tumour probability of each pixel of the model input.
    features : ndarray of float32, shape (n, d), or None
        Features for the out-of-distribution score and for similar scans.
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float32] | None = None
    mask: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None

    @classmethod
    def concat(cls, batches: list[Self]) -> Self:
        """Concatenate the outputs of several batches."""
        joined: dict[str, Any] = {}
        for field in fields(cls):
            values = [getattr(batch, field.name) for batch in batches]
            joined[field.name] = None if values[0] is None else np.concatenate(values)
        return cls(**joined)

    def average_with(self, mirrored: "Outputs") -> "Outputs":
        """Average these outputs with those of the mirrored scans.

        Log-probabilities are averaged as they are, maps and masks after mirroring them back. Features are those of the
        original scans, which the out-of-distribution reference was fitted to.
        """

        def average(ours: NDArray[np.float32] | None, theirs: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
            return None if ours is None or theirs is None else (ours + theirs[..., ::-1]) * _HALF

        logits = (_log_probabilities(self.logits) + _log_probabilities(mirrored.logits)) * _HALF
        return Outputs(logits, average(self.maps, mirrored.maps), average(self.mask, mirrored.mask), self.features)

    def select(self, indices: NDArray[np.int64]) -> "Outputs":
        """Select the outputs for some of the scans."""
        selected: dict[str, Any] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            selected[field.name] = None if values is None else values[indices]
        return Outputs(**selected)

    def mask_log_odds(self) -> NDArray[np.float64] | None:
        """Return the tumour log-odds of the most probable pixel of each scan (n,); None without a mask."""
        if self.mask is None:
            return None
        highest = np.clip(self.mask.max(axis=(1, 2)).astype(np.float64), _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
        return np.asarray(np.log(highest) - np.log1p(-highest))


def _log_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    highest = logits.max(axis=1, keepdims=True)
    return np.asarray(logits - highest - np.log(np.exp(logits - highest).sum(axis=1, keepdims=True)), np.float32)
