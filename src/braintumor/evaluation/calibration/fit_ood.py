"""Novelty reference: fitted to the training scans, its two limits chosen on validation scans."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.ood import OODReference

_MAX_COMPONENTS: Final = 64
# Shares of held-out brain MRI that may be called odd, and that may lie beyond where the margin of refusal begins.
UNUSUAL_RATE: Final = 0.02
REJECTED_RATE: Final = 0.005
# Real scans of elsewhere lie a little further out than this collection's: refusal starts this much beyond.
REJECTION_MARGIN: Final = 1.1


def fit_ood_reference(training: NDArray[np.float64], validation: NDArray[np.float64]) -> OODReference:
    """Fit centre, axes and limits.

    Parameters
    ----------
    training, validation : ndarray of float64, shape (n, d)
        Rows of `braintumor.inference.ood.described`, of the training and of the validation split.
    """
    mean, scale = training.mean(axis=0), training.std(axis=0) + 1e-6
    centred = (training - mean) / scale
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    count = min(_MAX_COMPONENTS, len(values) // 2)
    axes, spread = axes[:count], np.maximum(values[:count] / np.sqrt(len(training)), 1e-6)
    left = centred - centred @ axes.T @ axes
    residual = max(float(np.sqrt(np.square(left).sum(axis=1).mean())), 1e-6)
    reference = OODReference(mean, scale, axes, spread, residual, 1.0, 1.0)
    found = reference.distances(validation)
    odd, far = (float(np.quantile(found, 1 - share)) for share in (UNUSUAL_RATE, REJECTED_RATE))
    return OODReference(mean, scale, axes, spread, residual, odd, REJECTION_MARGIN * far)


def ood_card_entry(reference: OODReference, count: int) -> dict[str, Any]:
    """What the card says of the reference."""
    return {
        "residual": reference.residual,
        "odd": reference.unusual_at,
        "foreign": reference.reject_at,
        "chosen": (
            f"On {count} validation images: {UNUSUAL_RATE:.0%} lie beyond `odd`; `foreign` is {REJECTION_MARGIN - 1:.0%} beyond the "
            f"distance that {REJECTED_RATE:.1%} reach."
        ),
    }
