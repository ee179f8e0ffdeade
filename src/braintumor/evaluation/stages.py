"""Stages of a study, parsed from plain data for pages: tolerant of gaps. json and pandas only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from braintumor.evaluation.measures import Metrics, parse_metrics


@dataclass(frozen=True, slots=True)
class Stage:
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
    facts: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""
    stale: bool = False

    @property
    def measured(self) -> bool:
        """Whether there is a number to show."""
        return bool(self.metrics)

    def kinds(self, what: str) -> list[str]:
        """What comes after `@<what>:` in the names of its metrics, in their order."""
        marks = [name.split(f"@{what}:", 1)[1].split("@", 1)[0] for name in self.metrics if f"@{what}:" in name]
        return list(dict.fromkeys(marks))


def parse_stages(stages: Mapping[str, Any], model: str) -> dict[str, Stage]:
    """Stages by name.

    Parameters
    ----------
    stages : mapping
        As `study_file.read_stages` gives them.
    model : str
        Identity of the model as it stands.
    """
    return {name: _stage(entry, model) for name, entry in stages.items() if isinstance(entry, Mapping)}


def _stage(entry: Mapping[str, Any], model: str) -> Stage:
    curves, facts = entry.get("curves"), entry.get("facts")
    return Stage(
        metrics=parse_metrics(entry.get("metrics")),
        curves={str(n): _curve(c) for n, c in curves.items()} if isinstance(curves, Mapping) else {},
        facts=dict(facts) if isinstance(facts, Mapping) else {},
        skipped=str(entry.get("skipped") or ""),
        stale=entry.get("model") != model,
    )


def _curve(columns: Any) -> pd.DataFrame:
    try:
        return pd.DataFrame(dict(columns)).apply(pd.to_numeric, errors="coerce")
    except (TypeError, ValueError):
        return pd.DataFrame()
