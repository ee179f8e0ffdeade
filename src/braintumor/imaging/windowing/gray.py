"""Conversion of images, arrays and DICOM frames to greyscale.

8-bit values stay 8-bit; values with more bits are windowed to 0..1.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from braintumor.errors import ScanError
from braintumor.imaging.windowing.padding import fill_padding, find_padding
from braintumor.imaging.windowing.presets import FileWindow
from braintumor.imaging.windowing.scaling import percentile_window, rescale_to_unit

_LUMA_WEIGHTS: Final = (0.299, 0.587, 0.114)
_WHITE_OF_16_BITS: Final = 65_535.0


@dataclass(frozen=True, slots=True)
class GrayImage:
    """Greyscale values of a scan; with more than 8 bits, also the values before windowing and the window.

    Attributes
    ----------
    values : ndarray of uint8 (0 to 255) or float32 (0 to 1), shape (height, width)
    raw : ndarray of float32, shape (height, width), optional
        Values of more than 8 bits before windowing; padding has the lowest of the other values.
    window : (float, float), optional
        Centre and width that map `raw` to `values`.
    has_file_window : bool
        Whether the window comes from the file.
    warnings : tuple of str
        Sentences for the reader.
    file_windows : tuple of FileWindow
        Windows that the file states.
    """

    values: NDArray[np.uint8] | NDArray[np.float32]
    raw: NDArray[np.float32] | None = None
    window: tuple[float, float] | None = None
    has_file_window: bool = False
    warnings: tuple[str, ...] = ()
    file_windows: tuple[FileWindow, ...] = ()


def image_to_gray(image: Image.Image, name: str) -> GrayImage:
    """Convert a Pillow image to greyscale values (height, width): uint8, or float32 from 0 to 1 above 8 bits.

    Colour becomes luma (ITU-R BT.601). Transparent pixels become black, like the background of a slice; if all are
    transparent, the alpha channel has no meaning. The highest value of 16 bits is white, not padding.

    Raises
    ------
    ScanError
        Some values are not finite.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image, dtype=np.float32)
        is_white = abs(float(values.max()) - _WHITE_OF_16_BITS) < 1.0  # luma is not exact
        padding = np.zeros(values.shape, np.bool_) if is_white and float(values.min()) >= 0.0 else None
        return window_high_bit_depth(values, name, padding=padding)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        alpha = rgba.getchannel("A")
        gray = rgba.convert("L")
        return GrayImage(np.array(ImageChops.multiply(gray, alpha) if alpha.getextrema()[1] else gray))
    if image.mode == "LAB":
        image = image.getchannel("L")
    elif image.mode == "P":
        image = image.convert("RGB")
    return GrayImage(_copy_gray(image if image.mode == "L" else image.convert("L")))


def _copy_gray(image: Image.Image) -> NDArray[np.uint8]:
    """Copy an image of 8-bit grey values to an array, in a tenth of the time of `np.array`."""
    values = np.empty((image.height, image.width), np.uint8)
    view = Image.fromarray(values)
    view.readonly = 0  # it shares the memory of the array
    view.paste(image)
    return values


def array_to_gray(array: NDArray[Any], name: str) -> GrayImage:
    """Convert an array (height, width), or with 1, 3 (RGB) or 4 (RGBA) channels, to greyscale values.

    uint8 values are grey levels and booleans are black and white; all other numbers are windowed.

    Raises
    ------
    ScanError
        Some values are not finite real numbers.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint8:
        return image_to_gray(Image.fromarray(np.ascontiguousarray(array)), name)
    if array.dtype.kind not in "iuf":
        raise ScanError(f"{name}: the array has values of type {array.dtype}. Use real numbers.")
    with np.errstate(over="ignore"):  # an overflow becomes infinity, which is rejected below
        values = array.astype(np.float32) if array.ndim == 2 else array[..., :3].mean(axis=2, dtype=np.float32)
    return window_high_bit_depth(values, name)


def samples_to_gray(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Convert samples of more than 8 bits (height, width, channels) to grey values (height, width), not windowed.

    Colour becomes luma (ITU-R BT.601). An alpha channel (the second or fourth) makes transparent pixels black; its
    highest value counts as opaque, because 12-bit values are often stored in 16 bits.
    """
    channels = samples.shape[2]
    weights = _LUMA_WEIGHTS if channels >= 3 else (1.0,)
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow becomes infinity, which is rejected later
        values = np.zeros(samples.shape[:2], np.float32)
        for index, weight in enumerate(weights):
            values += samples[..., index].astype(np.float32) * np.float32(weight)
        if channels in (2, 4) and (opaque := float(samples[..., -1].max())) > 0:
            values *= samples[..., -1].astype(np.float32) / np.float32(opaque)
    return values


def window_high_bit_depth(
    values: NDArray[np.float32],
    name: str,
    edges: tuple[float, float] | None = None,
    padding: NDArray[np.bool_] | None = None,
) -> GrayImage:
    """Window values of more than 8 bits between two edges, by default their own percentiles.

    Parameters
    ----------
    padding : ndarray of bool, optional
        Which pixels are padding, if that is known: they have the lowest value and become black. Searched for by
        default, if no edges are passed.

    Raises
    ------
    ScanError
        Some values are not finite.
    """
    if edges is None and padding is None and (padding := find_padding(values)) is not None:
        values = fill_padding(values, padding)
    check_finite(values, name)
    measured = values if padding is None or edges else values[~padding]
    return window_values(values, edges or percentile_window(measured), padding)


def check_finite(values: NDArray[np.float32], name: str) -> None:
    """Raise a `ScanError` if some values are not finite."""
    if not np.isfinite(values).all():
        raise ScanError(f"{name}: some values are not finite numbers. Replace them first.")


def window_values(
    values: NDArray[np.float32], edges: tuple[float, float], padding: NDArray[np.bool_] | None
) -> GrayImage:
    """Window values (height, width) between two edges; padding becomes black."""
    low, high = edges
    values.setflags(write=False)
    shown = rescale_to_unit(values, low, high)
    if padding is not None:
        shown[padding] = 0.0
    return GrayImage(shown, values, ((low + high) / 2, high - low) if high > low else None)
