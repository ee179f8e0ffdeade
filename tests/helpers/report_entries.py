"""Report entries for tests: phantoms with the predictions of a tiny model at a fixed time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, Verdict
from braintumor.imaging import Scan, read_scan
from braintumor.inference import Detector
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.report_scan import ReportEntry

TIME = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)


def make_scan(number: int = 0, name: str = "") -> Scan:
    """Return a phantom of class `number` modulo 4, with the seed `number`."""
    pixels = make_phantom(CLASSES[number % len(CLASSES)], number, 96).pixels
    return read_scan(pixels, name or f"scan-{number}.png")


def make_entry(
    detector: Detector, number: int = 0, name: str = "", finding: ReaderFinding | None = None, **changes: Any
) -> ReportEntry:
    """Return an entry dated `number` seconds after `TIME`; `changes` replace fields of the detection."""
    scan = make_scan(number, name)
    detection = replace(detector.detect(scan), timestamp=TIME + timedelta(seconds=number), **changes)
    return ReportEntry(scan, detection, finding)


def make_entries(detector: Detector, count: int) -> list[ReportEntry]:
    """Return entries with the numbers from 0."""
    return [make_entry(detector, number) for number in range(count)]


def make_rejected_entry(detector: Detector, number: int = 0) -> ReportEntry:
    """Return an entry that is rejected as not a brain MRI."""
    reason = "Out-of-distribution score 0.64 (rejected at 0.50 or above), so the model did not look for a tumour."
    return make_entry(detector, number, verdict=Verdict.NOT_BRAIN_MRI, reason=reason, ood_score=0.64)
