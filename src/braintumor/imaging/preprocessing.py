"""Scan -> model input: crop the empty margin, fit into the frame, stack channels. Training and serving share it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.geometry import Geometry
from braintumor.imaging.scan import Scan

FitMode = Literal["letterbox", "stretch"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a model wants to be fed.

    Attributes
    ----------
    height, width : int
        Size of the model's input in pixels.
    channels : int
        1 or 3; the grey image is repeated.
    crop_margin : bool
        Whether the empty margin around the head is cut off first.
    fit : {"letterbox", "stretch"}
        Keep the aspect and pad with black, or stretch to the frame.
    """

    height: int
    width: int
    channels: int = 3
    crop_margin: bool = True
    fit: FitMode = "letterbox"

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for a card."""
        return asdict(self)


# A pixel is margin when its 8-bit value is at most this; a row or column, when no larger share of it is brighter.
MARGIN_LEVEL = 24
MARGIN_FRACTION = 0.01


def foreground_bbox(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Box of the head: what is left after dropping dark rows and columns from the edges.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Grey values from 0 to 255, as `Scan.to_uint8()` gives them.

    Returns
    -------
    (left, top, right, bottom)
        The whole image where it is all dark or the box would be a sliver (under a fifth of a side).
    """
    height, width = pixels.shape
    bright = pixels > MARGIN_LEVEL
    # The smallest type that cannot overflow: the sums take half as long as numpy's default.
    counter = np.uint16 if max(height, width) <= np.iinfo(np.uint16).max else np.uint32
    rows = np.flatnonzero(bright.sum(axis=1, dtype=counter) > MARGIN_FRACTION * width)
    columns = np.flatnonzero(bright.sum(axis=0, dtype=counter) > MARGIN_FRACTION * height)
    if rows.size == 0 or columns.size == 0:
        return 0, 0, width, height
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    too_thin = (box[2] - box[0]) * 5 < width or (box[3] - box[1]) * 5 < height
    return (0, 0, width, height) if too_thin else box


def compute_geometry(pixels: NDArray[np.uint8], input_spec: InputSpec) -> Geometry:
    """Work out the crop and the place in the frame of grey values (height, width), without resizing anything."""
    scan_height, scan_width = pixels.shape
    box = foreground_bbox(pixels) if input_spec.crop_margin else (0, 0, scan_width, scan_height)
    width, height = box[2] - box[0], box[3] - box[1]
    if input_spec.fit == "stretch":
        placed = (0, 0, input_spec.width, input_spec.height)
    else:
        scale = min(input_spec.width / width, input_spec.height / height)
        new_width = min(input_spec.width, max(1, round(width * scale)))
        new_height = min(input_spec.height, max(1, round(height * scale)))
        left, top = (input_spec.width - new_width) // 2, (input_spec.height - new_height) // 2
        placed = (left, top, left + new_width, top + new_height)
    return Geometry((scan_width, scan_height), box, placed, (input_spec.width, input_spec.height))


def preprocess(scan: Scan, input_spec: InputSpec) -> tuple[NDArray[np.uint8], Geometry]:
    """Make the model's grey frame of a scan.

    The numbers this returns are part of every trained model: golden files pin them, and a change of a single pixel
    means training again.

    Returns
    -------
    frame : ndarray of uint8, shape (contract.height, contract.width)
        Grey values from 0 to 255. Eight bits, so that the training cache and the served input are the same numbers.
    geometry : Geometry
        How to bring maps back onto the scan.
    """
    pixels = scan.to_uint8()
    geometry = compute_geometry(pixels, input_spec)
    left, top, right, bottom = geometry.paste_box
    size = (right - left, bottom - top)
    inner = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, box=geometry.crop_box))
    if size == geometry.input_size:
        return inner, geometry
    frame = np.zeros((input_spec.height, input_spec.width), np.uint8)
    frame[top:bottom, left:right] = inner
    return frame, geometry


def to_batch(model_inputs: NDArray[np.uint8], input_spec: InputSpec) -> NDArray[np.float32]:
    """Frames (n, height, width) of uint8 -> model input (n, height, width, channels) of float32 from 0 to 1."""
    values = model_inputs.astype(np.float32) / np.float32(255.0)
    return np.repeat(values[..., None], input_spec.channels, axis=3)
