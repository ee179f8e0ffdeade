"""Bytes to Scan to model input, and overlays back onto the scan."""

from braintumor.imaging.geometry import Geometry
from braintumor.imaging.overlay import inferno, overlay
from braintumor.imaging.read import IMAGE_SUFFIXES, read_scan
from braintumor.imaging.scan import Scan
from braintumor.imaging.standardize import InputContract, content_box, standardize, to_batch

__all__ = [
    "IMAGE_SUFFIXES", "Geometry", "InputContract", "Scan", "content_box", "inferno", "overlay", "read_scan",
    "standardize", "to_batch",
]  # fmt: skip
