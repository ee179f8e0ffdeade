"""Any picture or array -> one plane of grey values: 8 bits stay 8 bits, deeper values are windowed to 0..1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from braintumor.errors import ScanError

# Deep files rarely use their full range, so they are windowed between these percentiles.
DEEP_WINDOW = (0.5, 99.5)


def grey_of_picture(picture: Image.Image) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Grey values (height, width) of a picture: uint8, or float32 from 0 to 1 where it has more than 8 bits.

    Colour becomes luma (ITU-R BT.601); what is transparent fades to black, which is what lies around a head.
    """
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return window(np.asarray(picture, dtype=np.float32))
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        return np.array(ImageChops.multiply(coloured.convert("L"), coloured.getchannel("A")))
    if picture.mode == "P":
        picture = picture.convert("RGB")
    return np.array(picture if picture.mode == "L" else picture.convert("L"))


def grey_of_array(array: NDArray[Any], name: str) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The same for an array (height, width), or with 1, 3 (RGB) or 4 (RGBA) channels.

    uint8 is taken as grey values, booleans as black and white; every other number is windowed.

    Raises
    ------
    ScanError
        The array does not hold finite real numbers.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint8:
        return grey_of_picture(Image.fromarray(np.ascontiguousarray(array)))
    if array.dtype.kind not in "iuf":
        raise ScanError(f"{name}: the array holds {array.dtype} values. Give real numbers.")
    with np.errstate(over="ignore"):  # an overflow becomes infinity, refused just below
        values = array.astype(np.float32) if array.ndim == 2 else array[..., :3].mean(axis=2, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ScanError(f"{name}: the array holds values that are not finite numbers. Replace them first.")
    return window(values)


def window(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values clipped between two robust percentiles and scaled to 0..1; constant input gives zeros."""
    low, high = (float(edge) for edge in np.percentile(values, DEEP_WINDOW))
    if high <= low:  # a few odd pixels on a flat ground
        low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros_like(values)
    scaled = (values.astype(np.float64) - low) / (high - low)
    return np.clip(scaled, 0.0, 1.0).astype(np.float32)
