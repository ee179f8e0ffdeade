"""Sentences of the comparison: which difference is real, and what so many comparisons are worth."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pandas as pd

from braintumor.enums import Task
from braintumor.results.comparison import COMPARED_METRICS, Comparison, ComparisonRow, Pair
from braintumor.results.metric import Metric
from braintumor.text import pluralize

_SIGNIFICANCE_LEVEL: Final = 0.05  # how often an interval of 95% leaves zero out where there is no difference


def summarize_pair(pair: Pair, metric: str) -> str:
    """Who of two is right more often, by how much, and whether that is more than chance."""
    by = pair.difference.points()
    if not pair.significant:
        return f"{pair.a} and {pair.b} are not told apart on {COMPARED_METRICS[metric]}: {by}, and the interval holds zero."
    kind = "and holds for so many pairs" if pair.significant_after_holm else "but too weak for so many pairs"
    return f"{pair.a} is right more often than {pair.b} on {COMPARED_METRICS[metric]}: {by}, real for the pair {kind}."


def summarize_pairs(pairs: Sequence[Pair], metric: str) -> str:
    """How many differences are real, how many would be by chance, and how many outlast the correction."""
    number, chance = len(pairs), _SIGNIFICANCE_LEVEL * len(pairs)
    real, hold = sum(pair.significant for pair in pairs), sum(pair.significant_after_holm for pair in pairs)
    if not number:
        return f"No two versions were compared on {COMPARED_METRICS[metric]}."
    return (
        f"On {COMPARED_METRICS[metric]}, {real} of {pluralize(number, 'pair')} of versions differ: the interval of the "
        f"difference leaves zero out. Were all equally good, about {chance:.1f} would seem to. Corrected for their "
        f"number (Holm), {hold} still {'differs' if hold == 1 else 'differ'}."
    )


def collect_notes(row: ComparisonRow) -> list[str]:
    """What to know before a version is compared with others."""
    known, rest = row.test.get("tumor_accuracy"), row.without_near_duplicates.get("tumor_accuracy")
    notes = list(row.notes)
    if row.is_undertrained and row.epochs:
        passed = pluralize(int(row.epochs), "epoch")
        notes.append(f"Its validation loss was still falling when {passed} had passed: with more it may do better.")
    if row.near_duplicates is None or known is None or rest is None:
        return notes
    return [
        *notes,
        f"{row.near_duplicates:,.0f} of the {known.n or 0:,} scans are near copies of pictures it learnt from; on the others it "
        f"is right on tumour or none in {rest.percent()}.",
    ]


def summarize_undertrained(rows: Iterable[ComparisonRow]) -> str:
    """Whose training ended early; empty where nobody's did."""
    found = [
        f"{row.version} ({pluralize(int(row.epochs), 'epoch')})" for row in rows if row.is_undertrained and row.epochs
    ]
    if not found:
        return ""
    return f"Still learning when their epochs ended, so that more may do better: {', '.join(found)}."


def summarize_comparison(comparison: Comparison) -> str:
    """Who leads, on what, and what is missing: what the command says at its end."""
    found = comparison.evaluated_rows
    lines = [f"Compared {len(found)} of {len(comparison.rows)} versions on {_describe_scans(comparison)}."]
    for question in COMPARED_METRICS:
        led = [row for row in found if question in row.test and (question != "accuracy" or row.task == Task.FOUR_CLASS)]
        if led:
            best = max(led, key=lambda row: row.test[question].value)
            lines.append(f"Best on {COMPARED_METRICS[question]}: {best.version}, {best.test[question].percent()}.")
        if question in comparison.pairs:
            lines.append(summarize_pairs(comparison.pairs[question], question))
    lines += [f"{row.version}: {row.status}. {row.command}" for row in comparison.rows if not row.is_evaluated]
    return "\n".join(lines)


def _describe_scans(comparison: Comparison) -> str:
    scans = comparison.details.get("scans")
    if not isinstance(scans, dict):
        return "the test scans"
    return f"{scans.get('n', 0):,} test scans of {scans.get('groups', 0):,} groups"


_TEST_METRICS: Final = (
    "accuracy", "macro_f1", "tumor_accuracy", "tumor_macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc",
    "ece", "brier", "tumor_ece", "tumor_brier",
)  # fmt: skip
_OFFICIAL_METRICS: Final = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier")
_EXTERNAL_METRICS: Final = ("roc_auc", "called", "called_or_uncertain", "refused", "false_alarms")
_COST_COLUMNS: Final = ("parameters", "bytes", "seconds", "epochs")
_TEXT_COLUMNS: Final = ("version", "title", "task", "status", "weights")


def comparison_table(rows: Sequence[ComparisonRow]) -> pd.DataFrame:
    """Every number of every version; columns of an interval end in `_low` and `_high`, empty cells are NaN.

    Metrics of the official split and of the outside check begin with `official_` and `outside_`.
    """
    return pd.DataFrame([dict(_iter_cells(row)) for row in rows])


def _iter_cells(row: ComparisonRow) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(row, name)) for name in _TEXT_COLUMNS)
    for part, metrics, names in (
        ("", row.test, _TEST_METRICS), ("official_", row.official, _OFFICIAL_METRICS), ("outside_", row.external, _EXTERNAL_METRICS)
    ):  # fmt: skip
        for name in names:
            yield from _iter_estimate_cells(f"{part}{name}", metrics.get(name))
    yield from _iter_estimate_cells("milliseconds", row.milliseconds)
    for name in _COST_COLUMNS:
        value = getattr(row, name)
        yield name, float("nan") if value is None else value
    yield "notes", " ".join(collect_notes(row))
    yield "command", row.command


def _iter_estimate_cells(name: str, estimate: Metric | None) -> Iterator[tuple[str, float]]:
    nothing = float("nan")
    low, high = (estimate.interval if estimate else None) or (nothing, nothing)
    yield from ((name, estimate.value if estimate else nothing), (f"{name}_low", low), (f"{name}_high", high))
