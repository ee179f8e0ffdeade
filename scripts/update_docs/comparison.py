"""Comparison of all models for the README, from `outputs/comparison`; empty if they were not compared."""

from braintumor.enums import Task
from braintumor.results.comparison import Comparison, ComparisonRow, read_comparison
from braintumor.results.comparison_summary import summarize_pairs, summarize_undertrained
from braintumor.results.metric import Metric
from braintumor.settings import Settings

_TASKS = {Task.FOUR_CLASS: "four classes", Task.BINARY: "tumour or none"}
_HEADS = (
    "Version", "Tells", "Accuracy", "Tumour or none", "Sensitivity", "Specificity", "Official split", "ROC outside",
    "Parameters", "Size", "ms a scan",
)  # fmt: skip


def comparison_lines(settings: Settings) -> list[str]:
    """Markdown lines: the table, which differences are real, and what is not trained here."""
    found = read_comparison(settings)
    if not found.evaluated_rows:
        return []
    return [
        "",
        f"Every version on {_scans(found)}, in one run. Accuracy is of what a version tells; *tumour or none* can be "
        "compared across all. Times are from a frame to its verdict. The official split leaks; a version without a "
        "number there was not fitted on it. One that learnt from the outside pictures has none outside.",
        "",
        f"| {' | '.join(_HEADS)} |",
        f"| {' | '.join('---' for _ in _HEADS)} |",
        *(f"| {' | '.join(_cells(row))} |" for row in found.evaluated_rows),
        "",
        *(summarize_pairs(pairs, question) for question, pairs in found.pairs.items() if pairs),
        *([said] if (said := summarize_undertrained(found.evaluated_rows)) else []),
        *_absent(found),
    ]


def _scans(found: Comparison) -> str:
    scans = found.details.get("scans")
    if not isinstance(scans, dict):
        return "the same scans"
    return f"the same {scans.get('n', 0):,} test scans of {scans.get('groups', 0):,} groups"


def _cells(row: ComparisonRow) -> list[str]:
    return [
        row.version,
        _TASKS.get(Task(row.task), row.task),
        *(_percent(row.test.get(name)) for name in
          ("accuracy", "tumor_accuracy", "tumor_sensitivity", "tumor_specificity")),
        _percent(row.official.get("accuracy")),
        _percent(row.external.get("roc_auc"), plain=True),
        "" if row.parameters is None else f"{row.parameters:,.0f}",
        "" if row.bytes is None else f"{row.bytes / 1e6:.1f} MB",
        "" if row.milliseconds is None else f"{row.milliseconds.value:.1f}",
    ]  # fmt: skip


def _percent(estimate: Metric | None, plain: bool = False) -> str:
    return "" if estimate is None else estimate.plain() if plain else estimate.percent()


def _absent(found: Comparison) -> list[str]:
    rows = [row for row in found.rows if not row.is_evaluated]
    if not rows:
        return []
    return ["", "Recipes without a model here: " + "; ".join(f"{r.version} (`{r.command}`)" for r in rows) + "."]
