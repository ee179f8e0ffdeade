"""Readings without a model, one of each status."""

from datetime import UTC, datetime

import numpy as np

from braintumor.enums import CLASSES, Verdict
from braintumor.imaging import Scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference import Detection
from braintumor.reporting.csv_export import csv_row, error_row
from braintumor.services.reading import Reading


def make_reading(
    key: str, verdict: Verdict, probability: float, series: SeriesPosition | None = None, group: str = "unit"
) -> Reading:
    """Return a reading named after the key."""
    name = f"{key}.png"
    each = dict.fromkeys(CLASSES, 0.25)
    detection = Detection(
        name, "ab" * 32, datetime.now(UTC), each, probability, verdict, "", CLASSES[:1], None, "v1", {}
    )
    values = np.random.default_rng(5).integers(0, 255, (40, 30), dtype=np.uint8)
    scan = Scan(values, name, "ab" * 32, "L", 8, series=series)
    return Reading(f"{group}-{key}", csv_row(detection), detection, CompressedScan.from_scan(scan))


def make_failed_reading(key: str, group: str = "unit") -> Reading:
    """Return the reading of an unreadable file."""
    return Reading(f"{group}-{key}", error_row(f"{key}.png", f"{key}.png: it is damaged.", "v1"))


READINGS = [
    make_reading("clear", Verdict.NO_TUMOR_FOUND, 0.02),
    make_reading("uncertain", Verdict.UNCERTAIN, 0.5),
    make_failed_reading("broken"),
    make_reading("rejected", Verdict.NOT_BRAIN_MRI, 0.99),
    make_reading("suspected", Verdict.TUMOR_SUSPECTED, 0.8),
    make_reading("certain", Verdict.TUMOR_SUSPECTED, 0.97),
]
