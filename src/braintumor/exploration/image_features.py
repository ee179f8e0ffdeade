"""Compute features of image files (without anatomy, so they reveal possible shortcuts) and of masked tumours."""

import io
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from braintumor.errors import DatasetError
from braintumor.imaging import Scan, foreground_bbox
from braintumor.imaging.preprocessing import MARGIN_LEVEL
from braintumor.settings import Settings, get_settings

IMAGE_FEATURES_FILE: Final = "image_features.csv"
TUMOR_FEATURES_FILE: Final = "tumors.csv"
# Name and meaning of each image feature, in the order of the table columns.
IMAGE_FEATURES: Final = {
    "width": "pixels",
    "height": "pixels",
    "aspect": "width over height",
    "channels": "1 grey, 3 colour, 4 with transparency",
    "colour": "largest difference between red, green and blue, 0 to 1",
    "kilobytes": "size of the file",
    "bits_per_pixel": "file size per pixel",
    "quantization": "mean step of the JPEG luminance table: larger is coarser; 1 for PNG",
    "mean": "mean grey value, 0 to 1",
    "spread": "standard deviation of grey values",
    "p05": "5th percentile of grey values",
    "p50": "median grey value",
    "p95": "95th percentile of grey values",
    "dark_share": "share of background pixels",
    "black_share": "share of black pixels",
    "white_share": "share of pixels within five levels of white",
    "entropy": "entropy of the grey-level histogram, bits",
    "sharpness": "standard deviation of the Laplacian",
    "noise": "standard deviation of noise (Immerkaer 1996)",
    "margin_left": "share of the width that is empty",
    "margin_top": "share of the height that is empty",
    "margin_right": "share of the width that is empty",
    "margin_bottom": "share of the height that is empty",
}
# Name and meaning of each tumour feature, in the order of the table columns.
TUMOR_FEATURES: Final = {
    "area": "share of the head that is tumour",
    "diameter": "diameter of the circle of equal area, over the image side",
    "x": "centre of the tumour across the image, 0 left to 1 right",
    "y": "centre of the tumour down the image, 0 top to 1 bottom",
    "elongation": "long over short axis of the ellipse with equal moments; 1 is round",
    "filling": "area over that of the ellipse with equal moments; low for ragged or multiple regions",
    "brightness": "mean grey value inside, 0 to 1",
    "contrast": "mean inside minus mean of the surrounding tissue",
    "heterogeneity": "standard deviation of grey values inside",
}
# Width of the band of tissue around a tumour that its contrast is measured against, in pixels.
_SURROUNDING_BAND: Final = 9


def load_image_features(manifest: pd.DataFrame, settings: Settings | None = None) -> pd.DataFrame:
    """Read the image features and join them with the manifest; the new columns are `IMAGE_FEATURES`.

    Raises
    ------
    DatasetError
        The file is missing or damaged.
    """
    features = _read_csv(IMAGE_FEATURES_FILE, settings)
    # A feature such as `width` replaces the manifest column of the same name.
    columns = [column for column in manifest.columns if column == "path" or column not in features.columns]
    return manifest[columns].merge(features, on="path", how="inner")


def load_tumor_features(settings: Settings | None = None) -> pd.DataFrame:
    """Read `path`, `label`, `plane`, `group` and `TUMOR_FEATURES` of each tumour; empty without masks.

    Raises
    ------
    DatasetError
        The file is missing or damaged.
    """
    return _read_csv(TUMOR_FEATURES_FILE, settings)


def _read_csv(file: str, settings: Settings | None) -> pd.DataFrame:
    try:
        return pd.read_csv((settings or get_settings()).dataset_outputs / file)
    except FileNotFoundError:
        raise DatasetError(f"There is no {file} yet. Compute it with: braintumor explore") from None
    except ValueError as error:
        raise DatasetError(f"{file} cannot be read ({error}). Compute it again with: braintumor explore") from error


def compute_image_features(content: bytes, scan: Scan) -> tuple[dict[str, float], NDArray[np.float64]]:
    """Compute the features of an image file and its histogram.

    Parameters
    ----------
    content : bytes
        Content of the file.
    scan : Scan
        The scan read from it.

    Returns
    -------
    features : dict of str to float
        The keys of `IMAGE_FEATURES`.
    histogram : ndarray of float64, shape (256,)
        Share of pixels at each grey level; sums to 1.
    """
    pixels = scan.to_uint8()
    # Pillow counts bytes three times faster than numpy.
    histogram = np.array(Image.fromarray(pixels).histogram()) / pixels.size
    channels, color_difference, quantization = _compute_file_features(content)
    features = {
        "width": scan.width,
        "height": scan.height,
        "aspect": scan.width / scan.height,
        "channels": channels,
        "colour": color_difference,
        "kilobytes": len(content) / 1024,
        "bits_per_pixel": 8 * len(content) / pixels.size,
        "quantization": quantization,
        **_compute_gray_features(histogram),
        **_compute_texture_features(pixels),
        **_compute_margin_features(pixels),
    }
    return {name: float(features[name]) for name in IMAGE_FEATURES}, histogram


def _compute_file_features(content: bytes) -> tuple[int, float, float]:
    """Return number of channels, largest difference between them, and mean JPEG quantization step."""
    with Image.open(io.BytesIO(content)) as image:
        tables = getattr(image, "quantization", None) or {}
        quantization = float(np.mean(tables[0])) if 0 in tables else 1.0
        channels = len(image.getbands()) if image.mode != "P" else 3
        if channels < 3:
            return channels, 0.0, quantization
        # A tint is visible at any size, and a JPEG decodes much faster at a quarter of its size.
        image.draft("RGB", (image.width // 4, image.height // 4))
        rgb = np.asarray(image.convert("RGB"), np.int16)
    return channels, float(np.ptp(rgb, axis=2).max()) / 255, quantization


def _compute_gray_features(histogram: NDArray[np.float64]) -> dict[str, float]:
    """Compute features from the histogram, with grey values from 0 to 1."""
    levels = np.arange(256) / 255
    mean = float(histogram @ levels)
    cumulative = np.cumsum(histogram)
    present = histogram[histogram > 0]
    return {
        "mean": mean,
        "spread": float(np.sqrt(histogram @ (levels - mean) ** 2)),
        **{f"p{q:02d}": float(levels[min(255, int(np.searchsorted(cumulative, q / 100)))]) for q in (5, 50, 95)},
        "dark_share": float(cumulative[MARGIN_LEVEL]),
        "black_share": float(histogram[0]),
        "white_share": float(histogram[250:].sum()),
        "entropy": float(-(present * np.log2(present)).sum()),
    }


def _compute_texture_features(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Compute sharpness and noise; Immerkaer's mask is the second difference in both directions."""
    values = pixels.astype(np.int16)
    down = np.diff(values, n=2, axis=0)
    across = np.diff(values, n=2, axis=1)
    laplacian = down[:, 1:-1] + across[1:-1]
    immerkaer = np.diff(down, n=2, axis=1)
    return {
        "sharpness": float(laplacian.std()) / 255,
        "noise": float(np.sqrt(np.pi / 2) / 6 * np.abs(immerkaer).mean()) / 255,
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


def compute_tumor_features(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> dict[str, float] | None:
    """Compute the features of a tumour on a preprocessed image.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        The preprocessed image.
    mask : ndarray of bool, shape (height, width)
        Tumour mask on the same grid.

    Returns
    -------
    dict of str to float, or None
        The keys of `TUMOR_FEATURES`; None if the mask is empty.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return None
    height, width = mask.shape
    head = pixels > MARGIN_LEVEL
    inside = pixels[mask] / 255
    long, short = _semi_axes(rows, columns)
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


def _semi_axes(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[float, float]:
    """Return the semi-axes, in pixels, of the ellipse with the same second moments, including the pixel extent."""
    spread = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12
    short, long = np.sqrt(np.linalg.eigvalsh(spread))
    return 2 * float(long), 2 * float(short)


def _mean_around_tumor(pixels: NDArray[np.uint8], mask: NDArray[np.bool_], head: NDArray[np.bool_]) -> float:
    """Return the mean grey value, 0 to 1, of head tissue in a band around the tumour."""
    # A box blur is the fastest dilation.
    dilated = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(_SURROUNDING_BAND))
    band = (np.asarray(dilated) > 0) & ~mask & head
    return float(pixels[band].mean()) / 255 if band.any() else 0.0
