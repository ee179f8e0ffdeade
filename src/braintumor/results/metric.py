"""Measures: metrics with intervals and curves, parsed from plain data, tolerant of gaps. json and pandas only.

Names of metrics: `dice` is of all scans it applies to; `dice/glioma` of one class; `dice@plane:axial` of a slice, as
`@<what is told apart>:<which>`, and so are `share@verdict:uncertain` and `roc_auc@by:mask`. What each metric is, is
said where it is computed: `metrics`, `localization`, `selective`, `subgroups`, and the stages of a study.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass

# What versions that tell no kinds of tumour answer.
BINARY_LABELS = (TUMOR_LABEL, str(TumorClass.NOTUMOR))
_RELIABILITY_COLUMNS = ("confidence", "accuracy", "count")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its 95% interval, and what it was measured on.

    Attributes
    ----------
    value : float
    interval : (low, high) or None
        None where no interval was written.
    n : int or None
        Images.
    groups : int or None
        Groups the interval was computed over.
    """

    value: float
    interval: tuple[float, float] | None = None
    n: int | None = None
    groups: int | None = None

    def percent(self) -> str:
        """As a share, such as `93.4% (91.0 to 95.2)`."""
        between = "" if self.interval is None else f" ({self.interval[0]:.1%} to {self.interval[1]:.1%})"
        return f"{self.value:.1%}" + between.replace("% to", " to").replace("%)", ")")

    def plain(self, digits: int = 2) -> str:
        """As a number, such as `0.42 (0.35 to 0.50)`."""
        value, *between = (_format_number(number, digits) for number in (self.value, *(self.interval or ())))
        return f"{value} ({' to '.join(between)})" if between else value

    def points(self) -> str:
        """As a difference of two shares in percentage points, such as `+3.1 points (+0.4 to +5.8)`."""
        between = ""
        if self.interval is not None:
            between = f" ({100 * self.interval[0]:+.1f} to {100 * self.interval[1]:+.1f})"
        return f"{100 * self.value:+.1f} points{between}".replace("-", "\N{MINUS SIGN}")


def _format_number(value: float, digits: int) -> str:
    # Adding zero takes the sign off what was rounded to it.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


Metrics = dict[str, Metric]
CurvePoints = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of one split.

    Attributes
    ----------
    confusion : tuple of tuple of int
        Counts, rows the truth, columns the prediction, in the fixed class order, or in that of `TWO_WAY` for a version
        that tells no kinds of tumour; empty where unknown.
    roc, pr : dict of str to (x, y)
        By `tumor` or class name: (false, true positive rate) and (recall, precision).
    reliability : DataFrame
        Bins of `confidence`, `accuracy` and `count`.
    risk_coverage : dict of str to (x, y)
        By `classes` and `tumor`: share of the scans answered, surest first, and how many of the answers are wrong.
    """

    confusion: tuple[tuple[int, ...], ...] = ()
    roc: dict[str, CurvePoints] = field(default_factory=dict)
    pr: dict[str, CurvePoints] = field(default_factory=dict)
    reliability: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_RELIABILITY_COLUMNS)))
    risk_coverage: dict[str, CurvePoints] = field(default_factory=dict)


def parse_metrics(entries: Any) -> Metrics:
    """Metrics of one split of `evaluation.json`; entries without a finite value are left out."""
    found = {str(name): _parse_metric(entry) for name, entry in entries.items()} if isinstance(entries, Mapping) else {}
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def _parse_metric(entry: Any) -> Metric | None:
    if not isinstance(entry, Mapping):
        return None
    value = _as_finite_float(entry.get("value"))
    if value is None:
        return None
    low, high = _as_finite_float(entry.get("low")), _as_finite_float(entry.get("high"))
    n, groups = _as_finite_float(entry.get("n")), _as_finite_float(entry.get("groups"))
    return Metric(
        value,
        None if low is None or high is None or not low <= high else (low, high),
        None if n is None else int(n),
        None if groups is None else int(groups),
    )


def _as_finite_float(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def parse_curves(entry: Mapping[str, Any]) -> Curves:
    """Curves of one split of `curves.json`; what cannot be read is empty."""
    return Curves(
        confusion=_parse_confusion(entry.get("confusion")),
        roc=_parse_points(entry.get("roc"), "fpr", "tpr"),
        pr=_parse_points(entry.get("pr"), "recall", "precision"),
        reliability=_parse_reliability(entry.get("reliability")),
        risk_coverage=_parse_points(entry.get("risk_coverage"), "coverage", "risk"),
    )


def _parse_confusion(rows: Any) -> tuple[tuple[int, ...], ...]:
    try:
        counts = tuple(tuple(int(count) for count in row) for row in rows)
    except (TypeError, ValueError):
        return ()
    square = all(len(row) == len(counts) for row in counts)
    return counts if square and len(counts) in (len(CLASSES), len(BINARY_LABELS)) else ()


def _parse_points(entries: Any, x: str, y: str) -> dict[str, CurvePoints]:
    found: dict[str, CurvePoints] = {}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            xs, ys = (tuple(float(value) for value in entry[axis]) for axis in (x, y))
        except (TypeError, ValueError, KeyError):
            continue
        if xs and len(xs) == len(ys):
            found[str(name)] = xs, ys
    return found


def _parse_reliability(entry: Any) -> pd.DataFrame:
    try:
        bins = pd.DataFrame({column: entry[column] for column in _RELIABILITY_COLUMNS})
        return bins.apply(pd.to_numeric, errors="coerce").dropna().query("count > 0").reset_index(drop=True)
    except (TypeError, ValueError, KeyError):
        return pd.DataFrame(columns=list(_RELIABILITY_COLUMNS))
