"""Stored numbers of a DICOM frame -> grey values: rescaled, windowed as the file says or robustly, bright side up."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.dicom.facts import DicomMetadata, FrameMetadata
from braintumor.imaging.grey import GrayImage, window_high_bit_depth

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
