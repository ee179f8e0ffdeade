"""Pictures and report of a stored reading."""

import io
from typing import TYPE_CHECKING

from PIL import Image

from braintumor.errors import RecordError
from braintumor.imaging import Scan
from braintumor.inference import Detection, Detector
from braintumor.reporting.overlays import HEAT_MAP_OPACITY, overlay_png

if TYPE_CHECKING:
    from braintumor.services.records.reading_record import RestoredReading


def picture_of(restored: "RestoredReading") -> bytes:
    """Return the scan as it was read, as PNG."""
    scan, _ = _require_scan(restored)
    content = io.BytesIO()
    Image.fromarray(scan.to_uint8()).save(content, "PNG")
    return content.getvalue()


def overlay_of(restored: "RestoredReading", opacity: float = HEAT_MAP_OPACITY) -> bytes:
    """Return the scan with heat map and outline, as PNG.

    Raises
    ------
    RecordError
        The version has changed since, so that they cannot be drawn.
    """
    if restored.note:
        raise RecordError(restored.note)
    return overlay_png(*_require_scan(restored), opacity)


def make_report(restored: "RestoredReading", detector: Detector, language: str = "en") -> bytes:
    """Return the PDF report of one reading, with its explanation in a language.

    Raises
    ------
    RecordError
        The version has changed since, so that the overlay cannot be drawn.
    """
    from braintumor.explanation import read_accuracy
    from braintumor.explanation.report import ReportExplanations
    from braintumor.reporting.pdf import pdf_report
    from braintumor.reporting.report_scan import ReportEntry
    from braintumor.results.headline_metrics import headline_metrics

    if restored.note:
        raise RecordError(restored.note)
    entry = ReportEntry(*_require_scan(restored), restored.finding or None)
    artifact = detector.artifact
    return pdf_report(
        [entry], card=artifact.card, headline_metrics=headline_metrics(artifact),
        explanations=ReportExplanations(language, read_accuracy(artifact)),
    )  # fmt: skip


def _require_scan(restored: "RestoredReading") -> tuple[Scan, Detection]:
    reading = restored.reading
    if reading.compressed_scan is None or reading.detection is None:
        raise RecordError(restored.note or "The scan is no longer stored, only its results.")
    return reading.compressed_scan.to_scan(), reading.detection
