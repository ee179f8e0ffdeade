"""What a tumour mask tells: how large the tumour is, where it lies, how round it is and how it stands out."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from braintumor.imaging.standardize import MARGIN_LEVEL

# Name of each measure and what it says, in the order of the table's columns.
TUMOR_FEATURES: Final = {
    "area": "share of the head that is tumour",
    "diameter": "of the circle of equal area, over the frame's side",
    "x": "centre of the tumour across the frame, 0 left to 1 right",
    "y": "centre of the tumour down the frame, 0 top to 1 bottom",
    "elongation": "long over short axis of the ellipse with equal moments; 1 is round",
    "filling": "share of the tumour's own bounding ellipse that it fills; low is ragged or in pieces",
    "brightness": "mean grey value inside, 0 to 1",
    "contrast": "mean inside less mean of the tissue around",
    "heterogeneity": "standard deviation of grey values inside",
}
# Width of the band of tissue around a tumour that it is compared with, in pixels of the frame.
_SURROUNDING_BAND: Final = 9


def compute_tumor_features(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> dict[str, float] | None:
    """Measure a tumour on the standardized frame.

    Parameters
    ----------
    frame : ndarray of uint8, shape (height, width)
        The standardized slice.
    mask : ndarray of bool, shape (height, width)
        Its tumour, on the same grid.

    Returns
    -------
    dict of str to float, or None
        The keys of `MEASURES`; None where the mask is empty.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return None
    height, width = mask.shape
    head = pixels > MARGIN_LEVEL
    inside = pixels[mask] / 255
    long, short = _half_axes(rows, columns)
    return {
        "area": rows.size / max(1, int((head | mask).sum())),
        "diameter": 2 * float(np.sqrt(rows.size / np.pi)) / max(height, width),
        "x": (float(columns.mean()) + 0.5) / width,
        "y": (float(rows.mean()) + 0.5) / height,
        "elongation": long / short,
        "filling": min(1.0, rows.size / (np.pi * long * short)),
        "brightness": float(inside.mean()),
        "contrast": float(inside.mean()) - _mean_around_tumor(pixels, mask, head),
        "heterogeneity": float(inside.std()),
    }


def _half_axes(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[float, float]:
    """Half axes, in pixels, of the ellipse with the same second moments; a pixel's own extent counts."""
    spread = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12
    short, long = np.sqrt(np.linalg.eigvalsh(spread))
    return 2 * float(long), 2 * float(short)


def _mean_around_tumor(pixels: NDArray[np.uint8], mask: NDArray[np.bool_], head: NDArray[np.bool_]) -> float:
    """Mean grey value, 0 to 1, of the head's tissue in a band around the tumour; a box blur finds it fastest."""
    grown = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(_SURROUNDING_BAND))
    band = (np.asarray(grown) > 0) & ~mask & head
    return float(pixels[band].mean()) / 255 if band.any() else 0.0
