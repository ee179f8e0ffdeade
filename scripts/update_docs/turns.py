"""Verdicts on turned pictures, from the stress test `turns` of the served model."""

from typing import Final

from braintumor.results.stress_test import StressTestResult
from braintumor.results.version import VersionReport
from scripts.update_docs.results import markdown_table, paragraphs
from scripts.update_docs.stress_test import stress_test_block

_TITLES: Final = {
    "false_alarms": "False alarms",
    "misses": "Misses",
    "uncertain": "Uncertain",
    "turned_back": "Turned before reading",
}


@stress_test_block("turns")
def turns_block(report: VersionReport, check: StressTestResult) -> str:
    """Write the verdicts of the served model on turned test scans as Markdown."""
    rows = [["Turned by", *_TITLES.values()]]
    for degrees in check.subgroup_values("turn"):
        metrics = [check.metrics.get(f"{name}@turn:{degrees}") for name in _TITLES]
        cells = ["not defined" if metric is None else metric.percent() for metric in metrics]
        rows.append([f"{degrees} degrees" if degrees != "0" else "as stored", *cells])
    tumors, scans = check.details.get("tumors", 0), check.details.get("scans", 0)
    text = (
        f"{tumors} tumours and {scans - tumors} tumour-free slices of the test split, read by {report.version} as "
        "stored and after each counterclockwise turn. A false alarm is a tumour-free slice with the verdict `tumor "
        "suspected`, a miss a tumour with `no tumor found`. A quarter of the tumour-free slices are stored upside down "
        "([decision](decisions/inference/2026-11-29-turned-pictures.md)) and are turned as well."
    )
    return paragraphs(text, markdown_table(rows))
