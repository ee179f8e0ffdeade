"""Any picture or array -> one plane of grey values: 8 bits stay 8 bits, deeper values are windowed to 0..1."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from braintumor.errors import ScanError
from braintumor.imaging.dicom.metadata import DicomMetadata, FrameMetadata

# Deep files rarely use their full range, so they are windowed between these percentiles.
WINDOW_PERCENTILES = (0.5, 99.5)
# Scaling happens in double precision; a block of rows at a time keeps what that costs in memory small.
_BLOCK_VALUES = 2**18


@dataclass(frozen=True, slots=True)
class GrayImage:
    """Grey values as `Scan` holds them: ready to show, and for deep files what they were before windowing."""

    values: NDArray[np.uint8] | NDArray[np.float32]
    raw: NDArray[np.float32] | None = None
    window: tuple[float, float] | None = None


def image_to_gray(image: Image.Image, name: str) -> GrayImage:
    """Grey values (height, width) of a picture: uint8, or float32 from 0 to 1 where it has more than 8 bits.

    Colour becomes luma (ITU-R BT.601); what is transparent fades to black, which is what lies around a head.

    Raises
    ------
    ScanError
        A deep picture holds values that are not finite.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return window_high_bit_depth(np.asarray(image, dtype=np.float32), name)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        return GrayImage(np.array(ImageChops.multiply(coloured.convert("L"), coloured.getchannel("A"))))
    if image.mode == "P":
        image = image.convert("RGB")
    return GrayImage(np.array(image if image.mode == "L" else image.convert("L")))


def array_to_gray(array: NDArray[Any], name: str) -> GrayImage:
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
        return image_to_gray(Image.fromarray(np.ascontiguousarray(array)), name)
    if array.dtype.kind not in "iuf":
        raise ScanError(f"{name}: the array holds {array.dtype} values. Give real numbers.")
    with np.errstate(over="ignore"):  # an overflow becomes infinity, refused just below
        values = array.astype(np.float32) if array.ndim == 2 else array[..., :3].mean(axis=2, dtype=np.float32)
    return window_high_bit_depth(values, name)


def window_high_bit_depth(
    values: NDArray[np.float32], name: str, edges: tuple[float, float] | None = None
) -> GrayImage:
    """Deep values windowed between two edges; between robust percentiles of their own where none are given.

    Raises
    ------
    ScanError
        Some of them are not finite.
    """
    if not np.isfinite(values).all():
        raise ScanError(f"{name}: it holds values that are not finite numbers. Replace them first.")
    low, high = edges or percentile_window(values)
    values.setflags(write=False)
    return GrayImage(rescale_to_unit(values, low, high), values, ((low + high) / 2, high - low) if high > low else None)


def percentile_window(values: NDArray[np.float32]) -> tuple[float, float]:
    """The 0.5 and 99.5 percentiles; the extremes where those two are the same, as with a few odd pixels on a flat."""
    low, high = (float(edge) for edge in np.percentile(values, WINDOW_PERCENTILES))
    return (low, high) if high > low else (float(values.min()), float(values.max()))


def rescale_to_unit(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Values clipped between two edges and scaled to 0..1; zeros where the edges are not apart."""
    scaled = np.zeros(values.shape, np.float32)
    if high > low:
        rows = max(1, _BLOCK_VALUES // max(1, values.shape[1]))
        for top in range(0, values.shape[0], rows):
            block = (values[top : top + rows].astype(np.float64) - low) / (high - low)
            scaled[top : top + rows] = np.clip(block, 0.0, 1.0)
    return scaled


UNWINDOWED_BITS: Final = 8


def window_dicom_frame(stored: NDArray[Any], metadata: DicomMetadata, frame: FrameMetadata, name: str) -> GrayImage:
    """Grey values of a frame.

    8-bit values that the file neither rescales nor windows stay as they are. All else is rescaled (PS3.3 C.11.1) and
    windowed (C.11.2.1.2; a sigmoid is taken for the straight line it stands for), between robust percentiles where
    the file gives no window or one that leaves nothing to see. MONOCHROME1 is mirrored within its own range, so that
    higher is brighter in `raw` too.

    Raises
    ------
    ScanError
        Its values are not finite.
    """
    is_rescaled = (frame.slope, frame.intercept) != (1.0, 0.0)
    is_plain = metadata.bits == UNWINDOWED_BITS and not is_rescaled and not frame.window
    if stored.dtype == np.uint8 and (is_plain or metadata.colour):
        return GrayImage(np.uint8(255) - stored if metadata.inverted else np.array(stored))
    values = stored.astype(np.float32)
    if is_rescaled:
        with np.errstate(over="ignore"):  # an overflow becomes infinity, which is refused
            values = (values * np.float64(frame.slope) + frame.intercept).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if metadata.inverted:
        values = np.float32(low + high) - values
    if frame.window is None:
        return window_high_bit_depth(values, name)
    center = low + high - frame.window[0] if metadata.inverted else frame.window[0]
    edges = center - frame.window[1] / 2, center + frame.window[1] / 2
    shows_something = edges[0] < high and edges[1] > low
    return window_high_bit_depth(values, name, edges if shows_something else None)
