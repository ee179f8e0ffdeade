"""What is handed to a reader: CSV, PDF report, overlays, all of it as one ZIP, and batch reading of files."""

from braintumor.reporting.bundle import bundle
from braintumor.reporting.csv import csv_row, error_row, to_csv
from braintumor.reporting.entry import ReportEntry
from braintumor.reporting.measured import Measured, measured_of
from braintumor.reporting.opinion import AGREE, ReaderFinding
from braintumor.reporting.overlays import overlay_png
from braintumor.reporting.pdf import pdf_report

__all__ = [
    "AGREE", "Measured", "ReaderFinding", "ReportEntry", "bundle", "csv_row", "error_row", "measured_of",
    "overlay_png", "pdf_report", "to_csv",
]  # fmt: skip
