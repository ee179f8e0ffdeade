"""Verdicts on whole studies, from the stress test `studies` of the served model."""

from braintumor.results.stress_test import STUDIES_CHECK, StressTestResult
from braintumor.results.studies import study_rows, summarize_studies
from braintumor.results.version import VersionReport
from scripts.update_docs.results import paragraphs
from scripts.update_docs.sources import rows_table
from scripts.update_docs.stress_test import stress_test_block


@stress_test_block(STUDIES_CHECK)
def studies_block(report: VersionReport, check: StressTestResult) -> str:
    """Write the verdicts of the served model on whole studies as Markdown."""
    text = (
        f"Studies of patients that {report.version} did not learn from. A study has the slices of one patient in one "
        "plane, in most sources a few of them; volumes are read whole, as they are served. Other lesions count as no "
        "tumour. Each patient has the same weight, and intervals are over patients."
    )
    return paragraphs(text, summarize_studies(check), rows_table("Studies", study_rows(check)))
