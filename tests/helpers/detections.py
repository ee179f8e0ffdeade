"""Detections without a model."""

import hashlib
from datetime import UTC, datetime, timedelta

from braintumor.enums import CLASSES, Verdict
from braintumor.inference import Detection

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
