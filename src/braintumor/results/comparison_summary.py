"""Table and summary sentences of the model comparison."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pandas as pd

from braintumor.enums import Task
from braintumor.results.comparison import COMPARED_METRICS, Comparison, ComparisonRow, Pair
from braintumor.results.metric import Metric
from braintumor.text import pluralize

# Share of 95% intervals that exclude zero although there is no difference.
_SIGNIFICANCE_LEVEL: Final = 0.05

_TEST_METRICS: Final = (
    "accuracy", "macro_f1", "tumor_accuracy", "tumor_macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc",
    "ece", "brier", "tumor_ece", "tumor_brier",
)  # fmt: skip
_OFFICIAL_METRICS: Final = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier")
_EXTERNAL_METRICS: Final = ("roc_auc", "flagged", "flagged_or_uncertain", "rejected", "false_alarms")
_COST_COLUMNS: Final = ("parameters", "bytes", "seconds", "epochs")
_TEXT_COLUMNS: Final = ("version", "title", "task", "status", "weights")


def summarize_pair(pair: Pair, metric: str) -> str:
    """Say which of two versions is more accurate, by how much, and whether the difference is significant."""
    question, difference = COMPARED_METRICS[metric], pair.difference.describe("points")
    if not pair.is_significant:
        return f"{pair.a} and {pair.b} do not differ significantly on {question}: {difference}."
    correction = "also" if pair.is_significant_after_holm else "but not"
    return (
        f"{pair.a} is more accurate than {pair.b} on {question}: {difference}; significant for this pair, {correction} "
        "after correction for the number of pairs."
    )


def summarize_pairs(pairs: Sequence[Pair], metric: str) -> str:
    """Count the significant differences, those expected by chance, and those left after correction."""
    if not pairs:
        return f"No two versions were compared on {COMPARED_METRICS[metric]}."
    significant, corrected = sum(p.is_significant for p in pairs), sum(p.is_significant_after_holm for p in pairs)
    return (
        f"On {COMPARED_METRICS[metric]}, {significant} of {pluralize(len(pairs), 'pair')} of versions "
        f"{'differs' if significant == 1 else 'differ'} significantly (the 95% CI of the difference excludes zero). If "
        f"all versions were equally good, about {_SIGNIFICANCE_LEVEL * len(pairs):.1f} pairs would differ "
        "significantly by chance. "
        f"{corrected} {'remains' if corrected == 1 else 'remain'} significant after Holm's correction."
    )


def collect_notes(row: ComparisonRow) -> list[str]:
    """Collect what limits the comparison of a version with others."""
    notes = list(row.notes)
    if row.is_undertrained and row.epochs:
        epochs = pluralize(int(row.epochs), "epoch")
        notes.append(f"Validation loss was still falling after {epochs}; longer training may help.")
    accuracy = row.test.get("tumor_accuracy")
    without_duplicates = row.without_near_duplicates.get("tumor_accuracy")
    if row.near_duplicates is not None and accuracy is not None and without_duplicates is not None:
        notes.append(
            f"{row.near_duplicates:,.0f} of the {accuracy.n or 0:,} scans are near-duplicates of its training images. "
            f"Accuracy on the others, tumour or no tumour: {without_duplicates.percent()}."
        )
    return notes


def summarize_undertrained(rows: Iterable[ComparisonRow]) -> str:
    """Name the versions whose validation loss was still falling; empty if there is none."""
    versions = [
        f"{row.version} ({pluralize(int(row.epochs), 'epoch')})" for row in rows if row.is_undertrained and row.epochs
    ]
    return f"Validation loss was still falling; longer training may help: {', '.join(versions)}." if versions else ""


def summarize_comparison(comparison: Comparison) -> str:
    """Summarize the best versions, the significant differences and the missing versions, one sentence a line."""
    rows = comparison.evaluated_rows
    lines = [f"Compared {len(rows)} of {len(comparison.rows)} versions on {_describe_scans(comparison)}."]
    for metric, question in COMPARED_METRICS.items():
        candidates = [
            row for row in rows if metric in row.test and (metric != "accuracy" or row.task == Task.FOUR_CLASS)
        ]
        if candidates:
            best = max(candidates, key=lambda row: row.test[metric].value)
            lines.append(f"Best on {question}: {best.version}, {best.test[metric].describe()}.")
        if metric in comparison.pairs:
            lines.append(summarize_pairs(comparison.pairs[metric], metric))
    lines += [f"{row.version}: {row.status}. {row.command}" for row in comparison.rows if not row.is_evaluated]
    return "\n".join(lines)


def _describe_scans(comparison: Comparison) -> str:
    scans = comparison.details.get("scans")
    if not isinstance(scans, dict):
        return "the test scans"
    return f"{scans.get('n', 0):,} test scans of {scans.get('groups', 0):,} groups"


def comparison_table(rows: Sequence[ComparisonRow]) -> pd.DataFrame:
    """Tabulate every number of every version.

    The ends of a confidence interval are in columns ending in `_low` and `_high`; missing numbers are NaN. Metrics of
    the official split and of the external set start with `official_` and `external_`.
    """
    return pd.DataFrame([dict(_iter_cells(row)) for row in rows])


def _iter_cells(row: ComparisonRow) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(row, name)) for name in _TEXT_COLUMNS)
    for prefix, metrics, names in (
        ("", row.test, _TEST_METRICS),
        ("official_", row.official, _OFFICIAL_METRICS),
        ("external_", row.external, _EXTERNAL_METRICS),
    ):
        for name in names:
            yield from _iter_metric_cells(f"{prefix}{name}", metrics.get(name))
    yield from _iter_metric_cells("milliseconds", row.milliseconds)
    for name in _COST_COLUMNS:
        value = getattr(row, name)
        yield name, float("nan") if value is None else value
    yield "notes", " ".join(collect_notes(row))
    yield "command", row.command


def _iter_metric_cells(name: str, metric: Metric | None) -> Iterator[tuple[str, float]]:
    missing = float("nan")
    low, high = (metric.interval if metric else None) or (missing, missing)
    yield from ((name, metric.value if metric else missing), (f"{name}_low", low), (f"{name}_high", high))
