"""What is handed to a reader: CSV, PDF report, overlays, all of it as one ZIP, and batch reading of files."""

from braintumor.reporting.csv_export import csv_row, error_row, to_csv
from braintumor.reporting.findings import AGREE, ReaderFinding
from braintumor.reporting.overlays import overlay_png
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.zip_export import export_zip
from braintumor.results.headline_metrics import HeadlineMetric, headline_metrics

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
