"""Novelty: how unlike the scans it was trained on a picture is, from the network's features and a thumbnail."""

import io
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE: Final = 10  # cells along a side


@dataclass(frozen=True, slots=True)
class OODReference:
    """Principal axes of what brain MRI looks like, and how far from their centre is too far.

    The distance is Mahalanobis within the axes (Lee et al. 2018), and what the axes leave over beside it, each in units
    of its spread on the training scans.

    Attributes
    ----------
    mean, scale : ndarray of float64, shape (d,)
        Each described quantity is brought to mean zero and spread one by these.
    axes : ndarray of float64, shape (k, d)
        Principal axes, each of length one.
    spread : ndarray of float64, shape (k,)
        Standard deviation along each axis.
    residual : float
        Typical length of what the axes leave over.
    odd, foreign : float
        Distance from which a scan is odd, and from which it is no brain MRI.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    axes: NDArray[np.float64]
    axis_std: NDArray[np.float64]
    residual: float
    unusual_at: float
    reject_at: float

    def distances(self, feature_vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distance of each row of `described` (n, d); shape (n,)."""
        centred = (np.asarray(feature_vectors, np.float64) - self.mean) / self.scale
        along = centred @ self.axes.T
        left = np.linalg.norm(centred - along @ self.axes, axis=1) / self.residual
        within = np.square(along / self.axis_std).mean(axis=1)
        return np.asarray(np.sqrt((within + np.square(left)) / 2))

    @classmethod
    def from_csv(cls, content: bytes, limits: dict[str, Any]) -> Self:
        """From a table as `table` writes it and the entry of the card."""
        rows = np.loadtxt(io.BytesIO(content), delimiter=",", ndmin=2)
        spread, axes = rows[2:, 0], rows[2:, 1:]
        return cls(
            rows[0, 1:], rows[1, 1:], axes, spread,
            float(limits["residual"]), float(limits["odd"]), float(limits["foreign"]),
        )  # fmt: skip

    def to_csv(self) -> str:
        """As comma-separated numbers: mean, scale, then a row per axis, its spread first."""
        body = np.vstack([self.mean, self.scale, self.axes])
        first = np.concatenate([[0.0, 0.0], self.axis_std])[:, None]
        text = io.StringIO()
        np.savetxt(text, np.hstack([first, body]), fmt="%.6g", delimiter=",")
        return text.getvalue()


def feature_vector(features: NDArray[np.floating], model_inputs: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What novelty is judged by: features (n, d) beside thumbnails of frames (n, height, width), one row per frame."""
    count, height, width = model_inputs.shape
    high, wide = height // THUMBNAIL_SIDE, width // THUMBNAIL_SIDE
    cut = model_inputs[:, : high * THUMBNAIL_SIDE, : wide * THUMBNAIL_SIDE].astype(np.float32)
    small = cut.reshape(count, THUMBNAIL_SIDE, high, THUMBNAIL_SIDE, wide).mean(axis=(2, 4)).reshape(count, -1) / 255.0
    return np.concatenate([features, small], axis=1).astype(np.float64)
