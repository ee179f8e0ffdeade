"""Comparison of all models on the same scans, from `outputs/comparison`."""

from typing import Final

from braintumor.enums import Task
from braintumor.results.comparison import Comparison, ComparisonRow, read_comparison
from braintumor.results.comparison_summary import summarize_pairs, summarize_undertrained
from braintumor.results.metric import Metric
from braintumor.settings import Settings

_TASK_TITLES: Final = {Task.FOUR_CLASS: "four classes", Task.BINARY: "tumour or no tumour"}
_HEAD: Final = (
    "Model", "Predicts", "Accuracy", "Tumour or no tumour", "Sensitivity", "Specificity", "Official split",
    "External AUC", "Parameters", "Size", "ms per scan",
)  # fmt: skip


def comparison_block(settings: Settings) -> str:
    """Write the table, the significant differences and the models that are missing as Markdown.

    Raises
    ------
    ValueError
        The models were not compared.
    """
    comparison = read_comparison(settings)
    if not comparison.evaluated_rows:
        raise ValueError("outputs/comparison has no comparison; run: braintumor compare")
    undertrained = summarize_undertrained(comparison.evaluated_rows)
    lines = [
        f"Every model on {_scans(comparison)}, in one run. *Accuracy* is for the classes that a model predicts; "
        "*tumour or no tumour* is comparable across all models. Times are from model input to verdict. The official "
        "split leaks; models without a number there were not trained on it. Models trained on the binary "
        "set have no external result.",
        "",
        f"| {' | '.join(_HEAD)} |",
        f"| {' | '.join('---' for _ in _HEAD)} |",
        *(f"| {' | '.join(_cells(row))} |" for row in comparison.evaluated_rows),
        *(f"\n{summarize_pairs(pairs, metric)}" for metric, pairs in comparison.pairs.items() if pairs),
        *([f"\n{undertrained}"] if undertrained else []),
        *_missing(comparison),
    ]
    return "\n".join(lines) + "\n"


def _scans(comparison: Comparison) -> str:
    scans = comparison.details.get("scans")
    if not isinstance(scans, dict):
        return "the same scans"
    return f"the same {scans.get('n', 0):,} test scans ({scans.get('groups', 0):,} groups)"


def _cells(row: ComparisonRow) -> list[str]:
    return [
        row.version,
        _TASK_TITLES.get(Task(row.task), row.task),
        *(_format_metric(row.test.get(name)) for name in
          ("accuracy", "tumor_accuracy", "tumor_sensitivity", "tumor_specificity")),
        _format_metric(row.official.get("accuracy")),
        _format_metric(row.external.get("roc_auc"), is_percent=False),
        "" if row.parameters is None else f"{row.parameters:,.0f}",
        "" if row.bytes is None else f"{row.bytes / 1e6:.1f} MB",
        "" if row.milliseconds is None else f"{row.milliseconds.value:.1f}",
    ]  # fmt: skip


def _format_metric(metric: Metric | None, is_percent: bool = True) -> str:
    return "" if metric is None else metric.percent() if is_percent else metric.plain(3)


def _missing(comparison: Comparison) -> list[str]:
    rows = [row for row in comparison.rows if not row.is_evaluated]
    if not rows:
        return []
    return ["\nRecipes without a trained model here: " + "; ".join(f"{r.version} (`{r.command}`)" for r in rows) + "."]
