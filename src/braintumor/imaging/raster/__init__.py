"""Image files to greyscale values."""

from braintumor.imaging.raster.decoding import decode_image
from braintumor.imaging.raster.limits import check_size
from braintumor.imaging.raster.tiff_pages import find_pages

__all__ = ["check_size", "decode_image", "find_pages"]
