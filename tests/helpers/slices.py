"""Slices of one file, and a scan under another window, as tests look at them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.scan_iterator import FailedScan, iter_scans
from braintumor.imaging.scan import Scan
from braintumor.settings import Settings


def read_slices(source: bytes | Path, name: str, settings: Settings | None = None) -> Iterator[Scan | FailedScan]:
    """Read every slice of one file, in order."""
    return iter_scans([(name, source)], settings)


def apply_window(scan: Scan, center: float, width: float) -> NDArray[np.uint8]:
    """Show stored values from black at `center - width / 2` to white at `center + width / 2`."""
    source = scan.to_uint8() if scan.raw is None else scan.raw
    scaled = (source.astype(np.float32) - np.float32(center - width / 2)) * np.float32(255.0 / width)
    return np.rint(np.clip(scaled, 0.0, 255.0)).astype(np.uint8)
