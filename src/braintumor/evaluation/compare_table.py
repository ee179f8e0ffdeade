"""The comparison as a table of numbers, a version a row: what the CSV holds and the page sorts."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from braintumor.evaluation.compare_file import ComparisonRow
from braintumor.evaluation.compare_sentences import collect_notes
from braintumor.evaluation.measures import Metric

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
