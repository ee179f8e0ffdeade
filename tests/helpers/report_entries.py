"""Entries of a report for tests: drawn scans, read by a tiny model at a time that does not move."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, Verdict
from braintumor.imaging import Scan, read_scan
from braintumor.inference import Detector
from braintumor.reporting.report_scan import ReportEntry

TIME = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Failed:
    """A file that could not be read."""

    name: str
    problem: str
    sha256: str | None = None


def drawn(number: int = 0, name: str = "") -> Scan:
    pixels = make_phantom(CLASSES[number % len(CLASSES)], number, 96).pixels
    return read_scan(pixels, name or f"scan-{number}.png")


def entry(detector: Detector, number: int = 0, name: str = "", finding=None, **changes) -> ReportEntry:
    scan = drawn(number, name)
    found = replace(detector.detect(scan), timestamp=TIME + timedelta(seconds=number), **changes)
    return ReportEntry(scan, found, finding)


def entries(detector: Detector, count: int) -> Sequence[ReportEntry]:
    return [entry(detector, number) for number in range(count)]


def refused(detector: Detector, number: int = 0) -> ReportEntry:
    reason = "It lies 1.8 times as far from the training scans as a brain MRI may; no tumour was looked for."
    return entry(detector, number, verdict=Verdict.NOT_BRAIN_MRI, reason=reason, novelty=0.64)
