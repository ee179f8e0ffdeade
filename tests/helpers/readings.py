"""Detections and readings without a model."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np

from braintumor.enums import CLASSES, Verdict
from braintumor.imaging import Scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference import Detection
from braintumor.reporting.csv_export import csv_row, error_row
from braintumor.services.reading_result import Reading

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


def make_detection(name: str, minute: int = 0, version: str = "v1", sha256: str = "") -> Detection:
    """Return a detection with verdict tumour suspected, some minutes after noon."""
    probabilities = dict(zip(CLASSES, (0.7, 0.1, 0.15, 0.05), strict=True))
    return Detection(
        name=name, sha256=sha256 or hashlib.sha256(name.encode()).hexdigest(),
        timestamp=NOON + timedelta(minutes=minute), probabilities=probabilities, tumor_probability=0.85,
        verdict=Verdict.TUMOR_SUSPECTED, reason="Tumour probability 85%.", prediction_set=CLASSES[:1], ood_score=0.1,
        model_version=version, milliseconds={"total": 5.0},
    )  # fmt: skip


def make_reading(
    key: str, verdict: Verdict, probability: float, series: SeriesPosition | None = None, group: str = "unit"
) -> Reading:
    """Return a reading named after the key."""
    name = f"{key}.png"
    each = dict.fromkeys(CLASSES, 0.25)
    detection = Detection(
        name, "ab" * 32, datetime.now(UTC), each, probability, verdict, "", CLASSES[:1], None, "v1", {}, series
    )
    values = np.random.default_rng(5).integers(0, 255, (40, 30), dtype=np.uint8)
    scan = Scan(values, name, "ab" * 32, "L", 8, series=series)
    return Reading(f"{group}-{key}", csv_row(detection), detection, CompressedScan.from_scan(scan))


def make_failed_reading(key: str, group: str = "unit") -> Reading:
    """Return the reading of an unreadable file."""
    return Reading(f"{group}-{key}", error_row(f"{key}.png", f"{key}.png: it is damaged.", "v1"))


# One of each status, and a second suspected one.
READINGS = [
    make_reading("clear", Verdict.NO_TUMOR_FOUND, 0.02),
    make_reading("uncertain", Verdict.UNCERTAIN, 0.5),
    make_failed_reading("broken"),
    make_reading("rejected", Verdict.NOT_BRAIN_MRI, 0.99),
    make_reading("suspected", Verdict.TUMOR_SUSPECTED, 0.8),
    make_reading("certain", Verdict.TUMOR_SUSPECTED, 0.97),
]
