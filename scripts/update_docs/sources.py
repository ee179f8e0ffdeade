"""Results on other sources: the stress test `sources` and leave-one-source-out of the served model."""

from braintumor.results.other_sources import (
    Rows,
    leave_one_source_out_rows,
    read_leave_one_source_out,
    summarize_false_alarms,
    summarize_leave_one_source_out,
    summarize_tumors,
    tumor_free_rows,
    tumor_rows,
)
from braintumor.results.stress_test import SOURCES_CHECK, StressTestResult
from braintumor.results.version import VersionReport
from scripts.update_docs.results import markdown_table, paragraphs
from scripts.update_docs.stress_test import stress_test_block


@stress_test_block(SOURCES_CHECK)
def sources_block(report: VersionReport, check: StressTestResult) -> str:
    """Write false alarms by source and plane, and tumours by source and contrast, of the served model as Markdown."""
    text = (
        f"Slices of the [sets of other sources](how-to/data.md) that {report.version} did not learn from, as served: "
        "of the sets in its training set the test patients, of the others all slices. Intervals are over patients. "
        "A source, plane or contrast with fewer than ten slices has no row of its own. *AUC within patients* compares "
        "the tumour with the tumour-free slices of the same patient and contrast."
    )
    return paragraphs(
        text,
        summarize_false_alarms(check),
        rows_table("Slices without a tumour", tumor_free_rows(check)),
        summarize_tumors(check),
        rows_table("Tumours", tumor_rows(check)),
        *_leave_one_source_out(report),
    )


def _leave_one_source_out(report: VersionReport) -> tuple[str, ...]:
    check = read_leave_one_source_out(report)
    if check is None:
        return ()
    return (
        f"**Each source left out of training in turn.** {summarize_leave_one_source_out(check)}",
        rows_table("Held-out source", leave_one_source_out_rows(check)),
        rows_table("Slices without a tumour, held out", tumor_free_rows(check)),
    )


def rows_table(title: str, rows: Rows) -> str:
    """Write a table with the union of the columns of its rows as Markdown."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    return markdown_table(
        [[title, *columns], *([name, *(row.get(column, "") for column in columns)] for name, row in rows.items())]
    )
