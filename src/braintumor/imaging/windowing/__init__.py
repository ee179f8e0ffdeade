"""Pixel values to greyscale: the only windowing in Python."""

from braintumor.imaging.windowing.gray import (
    GrayImage,
    array_to_gray,
    image_to_gray,
    window_dicom_frame,
    window_high_bit_depth,
)
from braintumor.imaging.windowing.padding import find_padding
from braintumor.imaging.windowing.scaling import (
    apply_rescale,
    percentile_window,
    reduce_to_8_bits,
    rescale_to_unit,
    unit_to_uint8,
    window_edges,
)

__all__ = [
    "GrayImage", "apply_rescale", "array_to_gray", "find_padding", "image_to_gray", "percentile_window",
    "reduce_to_8_bits", "rescale_to_unit", "unit_to_uint8", "window_dicom_frame", "window_edges",
    "window_high_bit_depth",
]  # fmt: skip
