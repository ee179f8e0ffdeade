"""Stages of a study, parsed from plain data for pages: tolerant of gaps. json and pandas only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from braintumor.evaluation.measures import Metrics, parse_metrics


@dataclass(frozen=True, slots=True)
class StudyCheck:
    """One stage. What is missing or damaged is empty.

    Attributes
    ----------
    metrics : dict of str to Estimate
    curves : dict of str to DataFrame
        Columns of numbers, NaN where there is none.
    facts : dict
    skipped : str
        Why it could not be measured; empty where it was.
    stale : bool
        Whether it was measured on another model, or before thresholds were chosen anew.
    """

    metrics: Metrics = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    skip_reason: str = ""
    is_outdated: bool = False

    @property
    def is_measured(self) -> bool:
        """Whether there is a number to show."""
        return bool(self.metrics)

    def subgroup_values(self, attribute: str) -> list[str]:
        """What comes after `@<what>:` in the names of its metrics, in their order."""
        marks = [
            name.split(f"@{attribute}:", 1)[1].split("@", 1)[0] for name in self.metrics if f"@{attribute}:" in name
        ]
        return list(dict.fromkeys(marks))


def parse_checks(checks: Mapping[str, Any], model: str) -> dict[str, StudyCheck]:
    """Stages by name.

    Parameters
    ----------
    stages : mapping
        As `study_file.read_stages` gives them.
    model : str
        Identity of the model as it stands.
    """
    return {name: _parse_check(entry, model) for name, entry in checks.items() if isinstance(entry, Mapping)}


def _parse_check(entry: Mapping[str, Any], model: str) -> StudyCheck:
    curves, facts = entry.get("curves"), entry.get("facts")
    return StudyCheck(
        metrics=parse_metrics(entry.get("metrics")),
        curves={str(n): _parse_curve(c) for n, c in curves.items()} if isinstance(curves, Mapping) else {},
        details=dict(facts) if isinstance(facts, Mapping) else {},
        skip_reason=str(entry.get("skipped") or ""),
        is_outdated=entry.get("model") != model,
    )


def _parse_curve(columns: Any) -> pd.DataFrame:
    try:
        return pd.DataFrame(dict(columns)).apply(pd.to_numeric, errors="coerce")
    except (TypeError, ValueError):
        return pd.DataFrame()
