"""Grey values -> Scan: the last check, and the values made safe from being altered by accident."""

import numpy as np

from braintumor.errors import ScanError
from braintumor.imaging.grey import GrayImage
from braintumor.imaging.scan import Scan, SeriesPosition


def make_scan(
    gray: GrayImage,
    name: str,
    sha256: str,
    mode: str,
    series: SeriesPosition | None = None,
    spacing: tuple[float, float] | None = None,
    warnings: tuple[str, ...] = (),
    modality: str = "",
) -> Scan:
    """Grey values as a scan.

    Raises
    ------
    ScanError
        They are all the same.
    """
    values = gray.values
    if values.min() == values.max():
        raise ScanError(f"{name}: the whole image is one colour, so there is nothing to read. Check the export.")
    values.setflags(write=False)
    bits = 8 if values.dtype == np.uint8 else 16
    return Scan(values, name, sha256, mode, bits, series, spacing, gray.raw, gray.window, warnings, modality)
