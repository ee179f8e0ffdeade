"""What is handed to a reader: CSV, PDF report, overlays, all of it as one ZIP, and batch reading of files."""

from braintumor.reporting.bundle import export_zip
from braintumor.reporting.csv import csv_row, error_row, to_csv
from braintumor.reporting.entry import ReportEntry
from braintumor.reporting.measured import HeadlineMetric, headline_metrics
from braintumor.reporting.opinion import AGREE, ReaderFinding
from braintumor.reporting.overlays import overlay_png
from braintumor.reporting.pdf import pdf_report

__all__ = [
    "AGREE",
    "HeadlineMetric",
    "ReaderFinding",
    "ReportEntry",
    "csv_row",
    "error_row",
    "export_zip",
    "headline_metrics",
    "overlay_png",
    "pdf_report",
    "to_csv",
]  # fmt: skip
