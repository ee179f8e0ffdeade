"""The comparison as a table of numbers, a version a row: what the CSV holds and the page sorts."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from braintumor.evaluation.compare_file import Row
from braintumor.evaluation.compare_sentences import notes_of
from braintumor.evaluation.measures import Estimate

_TEST: Final = (
    "accuracy", "macro_f1", "tumor_accuracy", "tumor_macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc",
    "ece", "brier", "tumor_ece", "tumor_brier",
)  # fmt: skip
_OFFICIAL: Final = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "brier")
_OUTSIDE: Final = ("roc_auc", "called", "called_or_uncertain", "refused", "false_alarms")
_COSTS: Final = ("parameters", "bytes", "seconds", "epochs")
_WORDS: Final = ("version", "title", "task", "status", "weights")


def comparison_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Every number of every version; columns of an interval end in `_low` and `_high`, empty cells are NaN.

    Metrics of the official split and of the outside check begin with `official_` and `outside_`.
    """
    return pd.DataFrame([dict(_cells(row)) for row in rows])


def _cells(row: Row) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(row, name)) for name in _WORDS)
    for part, metrics, names in (
        ("", row.test, _TEST), ("official_", row.official, _OFFICIAL), ("outside_", row.outside, _OUTSIDE)
    ):  # fmt: skip
        for name in names:
            yield from _estimate(f"{part}{name}", metrics.get(name))
    yield from _estimate("milliseconds", row.milliseconds)
    for name in _COSTS:
        value = getattr(row, name)
        yield name, float("nan") if value is None else value
    yield "notes", " ".join(notes_of(row))
    yield "command", row.command


def _estimate(name: str, estimate: Estimate | None) -> Iterator[tuple[str, float]]:
    nothing = float("nan")
    low, high = (estimate.interval if estimate else None) or (nothing, nothing)
    yield from ((name, estimate.value if estimate else nothing), (f"{name}_low", low), (f"{name}_high", high))
