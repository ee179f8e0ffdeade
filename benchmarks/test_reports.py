"""Time of exports: a PDF report and a ZIP of fifty scans, and one overlay; run with `pytest benchmarks`.

No test fails on an absolute time, because machines differ.
"""

from pathlib import Path

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.reporting.overlays import overlay_png
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.zip_export import export_zip
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_masked_version

SCANS = 50


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """A tiny model with a mask, because only the export is timed."""
    outputs: Path = tmp_path_factory.mktemp("outputs")
    write_masked_version(outputs)
    return Detector.load("v4", Settings(outputs=outputs, threads=1))


@pytest.fixture(scope="module")
def batch(detector: Detector) -> list[ReportEntry]:
    scans = [
        read_scan(np.asarray(make_phantom(CLASSES[number % 4], number, 512).pixels), f"{number}.png")
        for number in range(SCANS)
    ]
    return [ReportEntry(scan, detector.detect(scan)) for scan in scans]


def test_report(benchmark, detector, batch):
    assert benchmark(pdf_report, batch, card=detector.artifact.card).startswith(b"%PDF")


def test_zip(benchmark, detector, batch):
    assert benchmark(export_zip, batch, card=detector.artifact.card).startswith(b"PK")


def test_overlay(benchmark, batch):
    assert benchmark(overlay_png, batch[0].scan, batch[0].detection).startswith(b"\x89PNG")
