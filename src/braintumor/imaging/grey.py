"""Any picture or array -> one plane of grey values: 8 bits stay 8 bits, deeper values are windowed to 0..1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from braintumor.errors import ScanError

# Deep files rarely use their full range, so they are windowed between these percentiles.
DEEP_WINDOW = (0.5, 99.5)
# Scaling happens in double precision; a block of rows at a time keeps what that costs in memory small.
_BLOCK = 2**18


@dataclass(frozen=True, slots=True)
class Grey:
    """Grey values as `Scan` holds them: ready to show, and for deep files what they were before windowing."""

    values: NDArray[np.uint8] | NDArray[np.float32]
    raw: NDArray[np.float32] | None = None
    window: tuple[float, float] | None = None


def grey_of_picture(picture: Image.Image, name: str) -> Grey:
    """Grey values (height, width) of a picture: uint8, or float32 from 0 to 1 where it has more than 8 bits.

    Colour becomes luma (ITU-R BT.601); what is transparent fades to black, which is what lies around a head.

    Raises
    ------
    ScanError
        A deep picture holds values that are not finite.
    """
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return deep(np.asarray(picture, dtype=np.float32), name)
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        return Grey(np.array(ImageChops.multiply(coloured.convert("L"), coloured.getchannel("A"))))
    if picture.mode == "P":
        picture = picture.convert("RGB")
    return Grey(np.array(picture if picture.mode == "L" else picture.convert("L")))


def grey_of_array(array: NDArray[Any], name: str) -> Grey:
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
        return grey_of_picture(Image.fromarray(np.ascontiguousarray(array)), name)
    if array.dtype.kind not in "iuf":
        raise ScanError(f"{name}: the array holds {array.dtype} values. Give real numbers.")
    with np.errstate(over="ignore"):  # an overflow becomes infinity, refused just below
        values = array.astype(np.float32) if array.ndim == 2 else array[..., :3].mean(axis=2, dtype=np.float32)
    return deep(values, name)


def deep(values: NDArray[np.float32], name: str, edges: tuple[float, float] | None = None) -> Grey:
    """Deep values windowed between two edges; between robust percentiles of their own where none are given.

    Raises
    ------
    ScanError
        Some of them are not finite.
    """
    if not np.isfinite(values).all():
        raise ScanError(f"{name}: it holds values that are not finite numbers. Replace them first.")
    low, high = edges or robust_edges(values)
    values.setflags(write=False)
    return Grey(spread(values, low, high), values, ((low + high) / 2, high - low) if high > low else None)


def robust_edges(values: NDArray[np.float32]) -> tuple[float, float]:
    """The 0.5 and 99.5 percentiles; the extremes where those two are the same, as with a few odd pixels on a flat."""
    low, high = (float(edge) for edge in np.percentile(values, DEEP_WINDOW))
    return (low, high) if high > low else (float(values.min()), float(values.max()))


def spread(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Values clipped between two edges and scaled to 0..1; zeros where the edges are not apart."""
    scaled = np.zeros(values.shape, np.float32)
    if high > low:
        rows = max(1, _BLOCK // max(1, values.shape[1]))
        for top in range(0, values.shape[0], rows):
            block = (values[top : top + rows].astype(np.float64) - low) / (high - low)
            scaled[top : top + rows] = np.clip(block, 0.0, 1.0)
    return scaled
