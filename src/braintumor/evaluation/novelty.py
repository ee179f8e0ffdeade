"""Novelty reference: fitted to the training scans, its two limits chosen on validation scans."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.novelty import NoveltyReference

_AXES: Final = 64
# Shares of held-out brain MRI that may be called odd, and that may lie beyond where the margin of refusal begins.
ODD: Final = 0.02
REFUSED: Final = 0.005
# Real scans of elsewhere lie a little further out than this collection's: refusal starts this much beyond.
MARGIN: Final = 1.1


def fit_novelty(training: NDArray[np.float64], validation: NDArray[np.float64]) -> NoveltyReference:
    """Fit centre, axes and limits.

    Parameters
    ----------
    training, validation : ndarray of float64, shape (n, d)
        Rows of `braintumor.inference.novelty.described`, of the training and of the validation split.
    """
    mean, scale = training.mean(axis=0), training.std(axis=0) + 1e-6
    centred = (training - mean) / scale
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    count = min(_AXES, len(values) // 2)
    axes, spread = axes[:count], np.maximum(values[:count] / np.sqrt(len(training)), 1e-6)
    left = centred - centred @ axes.T @ axes
    residual = max(float(np.sqrt(np.square(left).sum(axis=1).mean())), 1e-6)
    reference = NoveltyReference(mean, scale, axes, spread, residual, 1.0, 1.0)
    found = reference.distances(validation)
    odd, far = (float(np.quantile(found, 1 - share)) for share in (ODD, REFUSED))
    return NoveltyReference(mean, scale, axes, spread, residual, odd, MARGIN * far)


def novelty_entry(reference: NoveltyReference, count: int) -> dict[str, Any]:
    """What the card says of the reference."""
    return {
        "residual": reference.residual,
        "odd": reference.odd,
        "foreign": reference.foreign,
        "chosen": (
            f"On {count} validation images: {ODD:.0%} lie beyond `odd`; `foreign` is {MARGIN - 1:.0%} beyond the "
            f"distance that {REFUSED:.1%} reach."
        ),
    }
