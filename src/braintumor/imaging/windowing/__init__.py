"""Pixel values to greyscale, for display and for the model input (`imaging/model_gray.py`)."""

from braintumor.imaging.windowing.gray import (
    GrayImage,
    array_to_gray,
    check_finite,
    image_to_gray,
    samples_to_gray,
    window_high_bit_depth,
    window_values,
)
from braintumor.imaging.windowing.padding import fill_padding, find_padding, find_padding_range, mask_padding_range
from braintumor.imaging.windowing.presets import HOUNSFIELD, FileWindow, WindowPreset, window_presets
from braintumor.imaging.windowing.scaling import (
    WINDOW_PERCENTILES,
    apply_rescale,
    describe_useless_window,
    percentile_window,
    reduce_to_8_bits,
    rescale_to_unit,
    unit_to_uint8,
    window_edges,
)

__all__ = [
    "HOUNSFIELD", "WINDOW_PERCENTILES", "FileWindow", "GrayImage", "WindowPreset", "apply_rescale", "array_to_gray",
    "check_finite", "describe_useless_window", "fill_padding", "find_padding", "find_padding_range", "image_to_gray",
    "mask_padding_range", "percentile_window", "reduce_to_8_bits", "rescale_to_unit", "samples_to_gray",
    "unit_to_uint8", "window_edges", "window_high_bit_depth", "window_presets", "window_values",
]  # fmt: skip
