"""Image files to `Scan`, `Scan` to model input, and overlays on the scan."""

from braintumor.imaging.geometry import Geometry
from braintumor.imaging.loading import read_scan
from braintumor.imaging.overlay import draw_overlay, inferno_colors
from braintumor.imaging.preprocessing import InputSpec, foreground_bbox, preprocess, to_batch
from braintumor.imaging.scan import FailedScan, Scan, SeriesPosition

__all__ = [
    "FailedScan", "Geometry", "InputSpec", "Scan", "SeriesPosition", "draw_overlay", "foreground_bbox",
    "inferno_colors", "preprocess", "read_scan", "to_batch",
]  # fmt: skip
