"""Bytes to Scan to model input, and overlays back onto the scan."""

from braintumor.imaging.geometry import Geometry
from braintumor.imaging.overlay import inferno, overlay
from braintumor.imaging.read import read_scan
from braintumor.imaging.refusal import Refusal
from braintumor.imaging.scan import Scan, SeriesPlace
from braintumor.imaging.standardize import InputContract, content_box, standardize, to_batch

__all__ = [
    "Geometry", "InputContract", "Refusal", "Scan", "SeriesPlace", "content_box", "inferno",
    "overlay", "read_scan", "standardize", "to_batch",
]  # fmt: skip
