"""Out-of-distribution detection: how far a scan lies from the training scans, by network features and a thumbnail."""

import io
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.input_check.limits import OODLimits

THUMBNAIL_SIDE: Final = 10  # cells along a side


@dataclass(frozen=True, slots=True)
class OODReference:
    """Principal components of the training scans, and the distances at which a scan is unusual or rejected.

    The distance combines the Mahalanobis distance within the components (Lee et al. 2018) and the length of the
    residual outside them, each in units of its spread on the training scans.

    Attributes
    ----------
    mean, scale : ndarray of float64, shape (d,)
        Standardize each feature to mean 0 and standard deviation 1.
    axes : ndarray of float64, shape (k, d)
        Principal axes of length 1.
    axis_std : ndarray of float64, shape (k,)
        Standard deviation along each axis.
    residual : float
        Root mean square length of the residual on the training scans.
    unusual_at, reject_at : float
        Distance from which a scan is unusual, and from which it is rejected as not a brain MRI.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    axes: NDArray[np.float64]
    axis_std: NDArray[np.float64]
    residual: float
    unusual_at: float
    reject_at: float

    def distances(self, feature_vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the distance of each feature vector (n, d), shape (n,)."""
        centred = (np.asarray(feature_vectors, np.float64) - self.mean) / self.scale
        along = centred @ self.axes.T
        left = np.linalg.norm(centred - along @ self.axes, axis=1) / self.residual
        within = np.square(along / self.axis_std).mean(axis=1)
        return np.asarray(np.sqrt((within + np.square(left)) / 2))

    @classmethod
    def from_csv(cls, content: bytes, limits: OODLimits) -> Self:
        """Read the table that `to_csv` writes, and take the limits from the card."""
        rows = np.loadtxt(io.BytesIO(content), delimiter=",", ndmin=2)
        axis_std, axes = rows[2:, 0], rows[2:, 1:]
        return cls(rows[0, 1:], rows[1, 1:], axes, axis_std, limits.residual, limits.unusual_at, limits.reject_at)

    def to_csv(self) -> str:
        """Return the table: mean, scale, then one row per axis that starts with its standard deviation."""
        body = np.vstack([self.mean, self.scale, self.axes])
        first = np.concatenate([[0.0, 0.0], self.axis_std])[:, None]
        text = io.StringIO()
        np.savetxt(text, np.hstack([first, body]), fmt="%.6g", delimiter=",")
        return text.getvalue()


def feature_vector(features: NDArray[np.floating], model_inputs: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Join features (n, d) with thumbnails of the model inputs (n, height, width), one row per scan."""
    count, height, width = model_inputs.shape
    high, wide = height // THUMBNAIL_SIDE, width // THUMBNAIL_SIDE
    cropped = model_inputs[:, : high * THUMBNAIL_SIDE, : wide * THUMBNAIL_SIDE].astype(np.float32)
    cells = cropped.reshape(count, THUMBNAIL_SIDE, high, THUMBNAIL_SIDE, wide)
    thumbnails = cells.mean(axis=(2, 4)).reshape(count, -1) / 255.0
    return np.concatenate([features, thumbnails], axis=1).astype(np.float64)
