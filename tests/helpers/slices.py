"""All slices of one file, and a scan under a different window."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging import FailedScan, Scan
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings


def read_slices(source: bytes | Path, name: str, settings: Settings | None = None) -> Iterator[Scan | FailedScan]:
    """Read every slice of one file, in order."""
    return iter_scans([(name, source)], settings)


def apply_window(values: NDArray[np.float32], center: float, width: float) -> NDArray[np.uint8]:
    """Window values to 8 bits, from black at center - width / 2 to white at center + width / 2."""
    scaled = (values.astype(np.float32) - np.float32(center - width / 2)) * np.float32(255.0 / width)
    return np.rint(np.clip(scaled, 0.0, 255.0)).astype(np.uint8)
