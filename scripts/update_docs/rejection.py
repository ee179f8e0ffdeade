"""Errors of the questions before the tumour probability: is it a head, is it MR, is it brain; of the served model."""

from braintumor.results.rejection import ct_rows, field_rows, rejection_rows, summarize_rejection
from braintumor.results.stress_test import OOD_CHECK, StressTestResult
from braintumor.results.version import VersionReport
from scripts.update_docs.results import paragraphs
from scripts.update_docs.sources import rows_table
from scripts.update_docs.stress_test import stress_test_block


@stress_test_block(OOD_CHECK)
def rejection_block(report: VersionReport, check: StressTestResult) -> str:
    """Write what the served model rejects, and which slices it classifies as outside the brain, as Markdown."""
    text = (
        "Images that are not brain MRI and were not used in training, and test scans (without head CT). Low-resolution "
        "scans are a sample of test scans, reduced to the stated number of pixels on the longer side."
    )
    parts = [f"{text} {summarize_rejection(check)}", rows_table("Images", rejection_rows(check))]
    if report.card and report.card.ct:
        parts += [
            "**Is it MR?** Pictures without a stated modality are rejected if their features are those of head CT. "
            f"{report.card.ct.chosen}",
            rows_table("Slices of the test split", ct_rows(report.card)),
        ]
    if report.card and report.card.field:
        parts += [
            "**Does it show brain?** The model does not look for tumours in the neck, the face, air and the top of the "
            "skull.",
            rows_table("Slices of test patients", field_rows(report.card)),
        ]
    return paragraphs(*parts)
