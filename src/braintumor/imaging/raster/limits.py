"""Limits on the size of an image."""

from typing import Final

from braintumor.errors import ScanError
from braintumor.settings import Settings

# Windowing holds several float copies of an image with more than 8 bits.
_HIGH_BIT_DEPTH_DIVISOR: Final = 4


def check_size(width: int, height: int, name: str, settings: Settings, is_high_bit_depth: bool = False) -> None:
    """Check the number of pixels against the limits; images with more than 8 bits may have a quarter as many.

    Raises
    ------
    ScanError
        The image is too large or too small.
    """
    limit = settings.max_pixels // (_HIGH_BIT_DEPTH_DIVISOR if is_high_bit_depth else 1)
    if width * height > limit:
        raise ScanError(
            f"{name}: {width} x {height} pixels is more than the {limit:,} allowed. "
            "Export the slice at its original size."
        )
    if min(width, height) < settings.min_side:
        raise ScanError(
            f"{name}: {width} x {height} pixels is too small to read. "
            f"Use an image of at least {settings.min_side} pixels on each side."
        )
