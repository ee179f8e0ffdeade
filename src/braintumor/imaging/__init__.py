"""Image files to `Scan`, and `Scan` to model input."""

from braintumor.imaging.geometry import Geometry
from braintumor.imaging.loading import read_scan
from braintumor.imaging.preprocessing import InputSpec, foreground_bbox, preprocess, to_batch
from braintumor.imaging.scan import FailedScan, Scan, SeriesPosition, SkippedScan

__all__ = [
    "FailedScan", "Geometry", "InputSpec", "Scan", "SeriesPosition", "SkippedScan",
    "foreground_bbox", "preprocess", "read_scan", "to_batch",
]  # fmt: skip
