"""Image facts: what can be said of a file without looking at anatomy. They measure how far a shortcut could go."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from braintumor.imaging import Scan, foreground_bbox
from braintumor.imaging.preprocessing import MARGIN_LEVEL

# Name of each fact and what it says, in the order of the table's columns.
IMAGE_FEATURES: Final = {
    "width": "pixels",
    "height": "pixels",
    "aspect": "width over height",
    "channels": "1 grey, 3 colour, 4 with transparency",
    "colour": "largest difference between red, green and blue, 0 to 1",
    "kilobytes": "size of the file",
    "bits_per_pixel": "size of the file over its pixels",
    "quantization": "mean step of the JPEG's luminance table: larger is coarser; 1 for PNG",
    "mean": "mean grey value, 0 to 1",
    "spread": "standard deviation of grey values",
    "p05": "5th percentile of grey values",
    "p50": "median grey value",
    "p95": "95th percentile of grey values",
    "dark_share": "share of pixels that count as background",
    "black_share": "share of pixels that are fully black",
    "white_share": "share of pixels within five levels of white",
    "entropy": "of the grey-level histogram, bits",
    "sharpness": "standard deviation of the Laplacian",
    "noise": "standard deviation of noise (Immerkaer 1996)",
    "margin_left": "share of the width that is empty",
    "margin_top": "share of the height that is empty",
    "margin_right": "share of the width that is empty",
    "margin_bottom": "share of the height that is empty",
}


def compute_image_features(content: bytes, scan: Scan) -> tuple[dict[str, float], NDArray[np.float64]]:
    """Facts of one image file, and its histogram.

    Parameters
    ----------
    content : bytes
        The file.
    scan : Scan
        What was read from it.

    Returns
    -------
    facts : dict of str to float
        The keys of `FACTS`.
    histogram : ndarray of float64, shape (256,)
        Share of pixels at each grey level; sums to 1.
    """
    pixels = scan.to_uint8()
    # Pillow counts bytes three times faster than numpy, which first widens them.
    histogram = np.array(Image.fromarray(pixels).histogram()) / pixels.size
    channels, colour, quantization = _compute_file_features(content)
    facts = {
        "width": scan.width,
        "height": scan.height,
        "aspect": scan.width / scan.height,
        "channels": channels,
        "colour": colour,
        "kilobytes": len(content) / 1024,
        "bits_per_pixel": 8 * len(content) / pixels.size,
        "quantization": quantization,
        **_compute_gray_features(histogram),
        **_compute_texture_features(pixels),
        **_compute_margin_features(pixels),
    }
    return {name: float(facts[name]) for name in IMAGE_FEATURES}, histogram


def _compute_file_features(content: bytes) -> tuple[int, float, float]:
    """Channels, largest difference between them, and coarseness of the JPEG."""
    with Image.open(io.BytesIO(content)) as image:
        tables = getattr(image, "quantization", None) or {}
        quantization = float(np.mean(tables[0])) if 0 in tables else 1.0
        channels = len(image.getbands()) if image.mode != "P" else 3
        if channels < 3:
            return channels, 0.0, quantization
        # A tint shows at any size, and a JPEG decodes at a quarter of it for next to nothing.
        image.draft("RGB", (image.width // 4, image.height // 4))
        colours = np.asarray(image.convert("RGB"), np.int16)
    return channels, float(np.ptp(colours, axis=2).max()) / 255, quantization


def _compute_gray_features(histogram: NDArray[np.float64]) -> dict[str, float]:
    """Facts that the histogram holds, grey values counted from 0 to 1."""
    levels = np.arange(256) / 255
    mean = float(histogram @ levels)
    below = np.cumsum(histogram)
    present = histogram[histogram > 0]
    return {
        "mean": mean,
        "spread": float(np.sqrt(histogram @ (levels - mean) ** 2)),
        **{f"p{q:02d}": float(levels[min(255, int(np.searchsorted(below, q / 100)))]) for q in (5, 50, 95)},
        "dark_share": float(below[MARGIN_LEVEL]),
        "black_share": float(histogram[0]),
        "white_share": float(histogram[250:].sum()),
        "entropy": float(-(present * np.log2(present)).sum()),
    }


def _compute_texture_features(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Sharpness and noise from second differences; Immerkaer's mask is the second difference both ways."""
    values = pixels.astype(np.int16)
    down = np.diff(values, n=2, axis=0)
    across = np.diff(values, n=2, axis=1)
    laplacian = down[:, 1:-1] + across[1:-1]
    both_ways = np.diff(down, n=2, axis=1)
    return {
        "sharpness": float(laplacian.std()) / 255,
        "noise": float(np.sqrt(np.pi / 2) / 6 * np.abs(both_ways).mean()) / 255,
    }


def _compute_margin_features(pixels: NDArray[np.uint8]) -> dict[str, float]:
    height, width = pixels.shape
    left, top, right, bottom = foreground_bbox(pixels)
    return {
        "margin_left": left / width,
        "margin_top": top / height,
        "margin_right": 1 - right / width,
        "margin_bottom": 1 - bottom / height,
    }


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
