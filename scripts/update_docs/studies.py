"""Verdicts on whole studies, from the stress test `studies` of the served model."""

from braintumor.results.stress_test import STUDIES_CHECK
from braintumor.results.studies import study_rows, summarize_studies
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from scripts.update_docs.results import paragraphs
from scripts.update_docs.sources import rows_table


def studies_block(settings: Settings) -> str:
    """Write the verdicts of the served model on whole studies as Markdown."""
    check = read_version_report(settings.version, settings).checks.get(STUDIES_CHECK)
    if check is None or not check.is_measured:
        return f"Not measured on {settings.version}; run: `braintumor stress-test {settings.version}`.\n"
    text = (
        f"Studies of patients that {settings.version} did not learn from. A study has the slices of one patient in one "
        "plane, in most sources a few of them; volumes are read whole, as they are served. Other lesions count as no "
        "tumour. Each patient has the same weight, and intervals are over patients."
    )
    return paragraphs(text, summarize_studies(check), rows_table("Studies", study_rows(check)))
