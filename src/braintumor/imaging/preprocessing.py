"""Conversion of a scan to the model input, shared by training and serving.

Windows the grey values by their percentiles, crops the empty margin, resizes into the input size and repeats the grey
image over the channels.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.geometry import Geometry
from braintumor.imaging.picture.scan_examination import examine_scan
from braintumor.imaging.scan import Scan

FitMode = Literal["letterbox", "stretch"]

# A pixel belongs to the margin when its 8-bit value is at most this level; a row or column does when no larger
# fraction of it is brighter.
MARGIN_LEVEL = 24
MARGIN_FRACTION = 0.01


@dataclass(frozen=True, slots=True)
class InputSpec:
    """Size and preparation of a model input.

    Attributes
    ----------
    height, width : int
        Size in pixels.
    channels : int
        1 or 3 copies of the grey image.
    crop_margin : bool
        Crop the empty margin around the head first.
    fit : {"letterbox", "stretch"}
        Keep the aspect ratio and pad with black, or stretch to the input size.
    """

    height: int
    width: int
    channels: int = 3
    crop_margin: bool = True
    fit: FitMode = "letterbox"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for a model card."""
        return asdict(self)


def foreground_bbox(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the box of the head, found by dropping dark rows and columns from the edges.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Grey values from 0 to 255, as returned by `braintumor.imaging.model_gray`.

    Returns
    -------
    (left, top, right, bottom)
        The whole image if it is entirely dark or a side of the box would be less than a fifth of the image's.
    """
    height, width = pixels.shape
    bright = pixels > MARGIN_LEVEL
    # The smallest type that cannot overflow; sums take half as long as with numpy's default.
    counter = np.uint16 if max(height, width) <= np.iinfo(np.uint16).max else np.uint32
    rows = np.flatnonzero(bright.sum(axis=1, dtype=counter) > MARGIN_FRACTION * width)
    columns = np.flatnonzero(bright.sum(axis=0, dtype=counter) > MARGIN_FRACTION * height)
    if rows.size == 0 or columns.size == 0:
        return 0, 0, width, height
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    too_thin = (box[2] - box[0]) * 5 < width or (box[3] - box[1]) * 5 < height
    return (0, 0, width, height) if too_thin else box


def compute_geometry(pixels: NDArray[np.uint8], input_spec: InputSpec) -> Geometry:
    """Compute the crop of grey values (height, width) and its box in the model input, without resizing."""
    scan_height, scan_width = pixels.shape
    crop_box = foreground_bbox(pixels) if input_spec.crop_margin else (0, 0, scan_width, scan_height)
    width, height = crop_box[2] - crop_box[0], crop_box[3] - crop_box[1]
    if input_spec.fit == "stretch":
        paste_box = (0, 0, input_spec.width, input_spec.height)
    else:
        scale = min(input_spec.width / width, input_spec.height / height)
        new_width = min(input_spec.width, max(1, round(width * scale)))
        new_height = min(input_spec.height, max(1, round(height * scale)))
        left, top = (input_spec.width - new_width) // 2, (input_spec.height - new_height) // 2
        paste_box = (left, top, left + new_width, top + new_height)
    return Geometry((scan_width, scan_height), crop_box, paste_box, (input_spec.width, input_spec.height))


def preprocess(scan: Scan, input_spec: InputSpec) -> tuple[NDArray[np.uint8], Geometry]:
    """Window, crop and resize a scan to a model input; text, rulers and a page around the head are left out.

    Trained models depend on the exact values: golden files pin them, and changing a single pixel requires training
    every model again.

    Returns
    -------
    model_input : ndarray of uint8, shape (input_spec.height, input_spec.width)
        Grey values from 0 to 255. Eight bits, so that the training cache and the served input are identical.
    geometry : Geometry
        Mapping between the scan and the model input.
    """
    examined = examine_scan(scan).clean_gray
    assert examined is not None
    return crop_and_resize(examined[1], input_spec)


def crop_and_resize(pixels: NDArray[np.uint8], input_spec: InputSpec) -> tuple[NDArray[np.uint8], Geometry]:
    """Crop and resize grey values (height, width) as they are; see `preprocess`."""
    geometry = compute_geometry(pixels, input_spec)
    left, top, right, bottom = geometry.paste_box
    size = (right - left, bottom - top)
    resized = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, box=geometry.crop_box))
    if size == geometry.input_size:
        return resized, geometry
    model_input = np.zeros((input_spec.height, input_spec.width), np.uint8)
    model_input[top:bottom, left:right] = resized
    return model_input, geometry


def to_batch(model_inputs: NDArray[np.uint8], input_spec: InputSpec) -> NDArray[np.float32]:
    """Scale uint8 inputs (n, height, width) to float32 batches (n, height, width, channels) from 0 to 1."""
    values = model_inputs.astype(np.float32) / np.float32(255.0)
    return np.repeat(values[..., None], input_spec.channels, axis=3)
