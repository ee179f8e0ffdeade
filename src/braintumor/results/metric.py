"""Metrics with confidence intervals, and curves, parsed from JSON without failing on incomplete data.

The name of a metric says what it is computed on: `dice` on all scans it applies to, `dice/glioma` on one class,
`dice@plane:axial` on a subgroup. `share@verdict:uncertain` and `roc_auc@by:mask` follow the same pattern,
`<metric>@<attribute>:<value>`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pandas as pd

from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass
from braintumor.text import pluralize

# Order of the labels of a binary model.
BINARY_LABELS: Final = (TUMOR_LABEL, str(TumorClass.NOTUMOR))
_RELIABILITY_COLUMNS: Final = ("confidence", "accuracy", "count")

# Metrics that are no share of images or groups, by the start of their names.
_NO_SHARES: Final = frozenset({"roc_auc", "pr_auc", "aurc", "risk", "f1", "macro_f1", "set_size", "lost"})
_TAIL: Final = 0.025

MetricUnit = Literal["percent", "points", "plain"]
CurvePoints = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its 95% confidence interval and sample size.

    Attributes
    ----------
    value : float
    interval : (low, high) or None
        None if the file has no interval.
    n : int or None
        Number of images.
    groups : int or None
        Number of groups that the interval was computed over.
    """

    value: float
    interval: tuple[float, float] | None = None
    n: int | None = None
    groups: int | None = None

    def percent(self) -> str:
        """Format a share for a table: `93.4% (91.0 to 95.2)`."""
        ends = [f"{100 * end:.1f}" for end in self.interval or ()]
        return f"{self.value:.1%}" + (f" ({' to '.join(ends)})" if ends else "")

    def plain(self, digits: int = 2) -> str:
        """Format a number for a table: `0.42 (0.35 to 0.50)`."""
        value, *ends = (_format_number(number, digits) for number in (self.value, *(self.interval or ())))
        return f"{value} ({' to '.join(ends)})" if ends else value

    def points(self) -> str:
        """Format a difference of two shares in percentage points: `+3.1 points (+0.4 to +5.8)`."""
        ends = [f"{100 * end:+.1f}" for end in self.interval or ()]
        text = f"{100 * self.value:+.1f} points" + (f" ({' to '.join(ends)})" if ends else "")
        return text.replace("-", "\N{MINUS SIGN}")

    def describe(self, unit: MetricUnit = "percent", group: str = "patient group", digits: int = 2) -> str:
        """Format for a sentence: `93.4% (95% CI 91.0 to 95.2; 1,404 images, 129 patient groups)`.

        Parameters
        ----------
        unit : {"percent", "points", "plain"}
            Unit of the value.
        group : str
            Singular name of what the interval was computed over.
        digits : int
            Digits after the point with the unit `plain`.
        """
        text: str = self.plain(digits) if unit == "plain" else getattr(self, unit)()
        value, _, ends = text.partition(" (")
        details = [f"95% CI {ends.removesuffix(')')}"] if ends else []
        details += [size] if (size := self.sample_size(group)) else []
        return f"{value} ({'; '.join(details)})" if details else value

    def sample_size(self, group: str = "patient group") -> str:
        """Format the sample size: `1,404 images, 129 patient groups`; empty if it is unknown."""
        counts = ((self.n, "image"), (self.groups, group))
        return ", ".join(pluralize(number, noun) for number, noun in counts if number is not None)


def _format_number(value: float, digits: int) -> str:
    # Adding zero removes the sign of a value that was rounded to zero.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


Metrics = dict[str, Metric]


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of one split.

    Attributes
    ----------
    confusion : tuple of tuple of int
        Counts, rows the true and columns the predicted class, in the order of `CLASSES`, or of `BINARY_LABELS` for a
        binary model; empty if unknown.
    roc, pr : dict of str to (x, y)
        By `tumor` or class name: (false, true positive rate) and (recall, precision).
    reliability : DataFrame
        Bins of `confidence`, `accuracy` and `count`.
    risk_coverage : dict of str to (x, y)
        By `classes` and `tumor`: share of the scans that are classified, most certain first, and the error rate among
        them.
    """

    confusion: tuple[tuple[int, ...], ...] = ()
    roc: dict[str, CurvePoints] = field(default_factory=dict)
    pr: dict[str, CurvePoints] = field(default_factory=dict)
    reliability: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_RELIABILITY_COLUMNS)))
    risk_coverage: dict[str, CurvePoints] = field(default_factory=dict)


def parse_metrics(entries: Any) -> Metrics:
    """Parse the metrics of one split of `evaluation.json`; entries without a finite value are left out."""
    if not isinstance(entries, Mapping):
        return {}
    metrics = {str(name): parse_metric(entry, str(name)) for name, entry in entries.items()}
    return {name: metric for name, metric in metrics.items() if metric is not None}


def parse_metric(entry: Any, name: str = "") -> Metric | None:
    """Parse one metric; None without a finite value.

    A bootstrap of a share that is 0 or 1 in every group has no width. With a name, such a share gets the exact interval
    of Clopper and Pearson (1934), with each group as one trial.
    """
    if not isinstance(entry, Mapping):
        return None
    value, low, high, n, groups = (_as_finite_float(entry.get(key)) for key in ("value", "low", "high", "n", "groups"))
    if value is None:
        return None
    interval = None if low is None or high is None or not low <= high else (low, high)
    is_share = bool(name) and re.split("[@/]", name)[0] not in _NO_SHARES
    if is_share and groups and interval in ((0.0, 0.0), (1.0, 1.0)):
        farthest = 1 - _TAIL ** (1 / groups)
        interval = (0.0, farthest) if value == 0 else (1 - farthest, 1.0)
    return Metric(value, interval, None if n is None else int(n), None if groups is None else int(groups))


def _as_finite_float(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def parse_curves(entry: Mapping[str, Any]) -> Curves:
    """Parse the curves of one split of `curves.json`; a curve that cannot be parsed is empty."""
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
    is_square = all(len(row) == len(counts) for row in counts)
    return counts if is_square and len(counts) in (len(CLASSES), len(BINARY_LABELS)) else ()


def _parse_points(entries: Any, x: str, y: str) -> dict[str, CurvePoints]:
    curves: dict[str, CurvePoints] = {}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            xs, ys = (tuple(float(value) for value in entry[axis]) for axis in (x, y))
        except (TypeError, ValueError, KeyError):
            continue
        if xs and len(xs) == len(ys):
            curves[str(name)] = xs, ys
    return curves


def _parse_reliability(entry: Any) -> pd.DataFrame:
    try:
        bins = pd.DataFrame({column: entry[column] for column in _RELIABILITY_COLUMNS})
        return bins.apply(pd.to_numeric, errors="coerce").dropna().query("count > 0").reset_index(drop=True)
    except (TypeError, ValueError, KeyError):
        return pd.DataFrame(columns=list(_RELIABILITY_COLUMNS))
