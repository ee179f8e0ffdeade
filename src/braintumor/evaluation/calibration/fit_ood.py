"""Fit the out-of-distribution reference to training scans, and its two limits to validation scans."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.input_check.ood import OODReference

_MAX_COMPONENTS: Final = 64
# Shares of validation scans that may be marked as unusual, and that may exceed the limit before its margin.
UNUSUAL_RATE: Final = 0.02
REJECTED_RATE: Final = 0.005
# Brain MRI from other sources lies slightly further out, so the rejection limit has this margin.
REJECTION_MARGIN: Final = 1.1


def fit_ood_reference(training: NDArray[np.float64], validation: NDArray[np.float64]) -> OODReference:
    """Fit centre, principal axes and limits.

    Parameters
    ----------
    training, validation : ndarray of float64, shape (n, d)
        Vectors of `braintumor.inference.input_check.ood.feature_vector` of the training and the validation split.
    """
    mean, scale = training.mean(axis=0), training.std(axis=0) + 1e-6
    centred = (training - mean) / scale
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    count = min(_MAX_COMPONENTS, len(values) // 2)
    axes, spread = axes[:count], np.maximum(values[:count] / np.sqrt(len(training)), 1e-6)
    unexplained = centred - centred @ axes.T @ axes
    residual = max(float(np.sqrt(np.square(unexplained).sum(axis=1).mean())), 1e-6)
    reference = OODReference(mean, scale, axes, spread, residual, 1.0, 1.0)
    distances = reference.distances(validation)
    unusual_at, rejected_from = (float(np.quantile(distances, 1 - rate)) for rate in (UNUSUAL_RATE, REJECTED_RATE))
    return OODReference(mean, scale, axes, spread, residual, unusual_at, REJECTION_MARGIN * rejected_from)


def ood_card_entry(reference: OODReference, count: int) -> dict[str, Any]:
    """Return the model card's section about the reference."""
    return {
        "residual": reference.residual,
        "unusual_at": reference.unusual_at,
        "reject_at": reference.reject_at,
        "chosen": (
            f"On {count} validation images: {UNUSUAL_RATE:.0%} lie beyond `unusual_at`; `reject_at` is "
            f"{REJECTION_MARGIN - 1:.0%} beyond the distance that {REJECTED_RATE:.1%} reach."
        ),
    }
