"""What the experiments behind the hypotheses found: `outputs/hypotheses.json`. json only, tolerant of gaps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from braintumor.evaluation.measures import Metric, parse_metrics
from braintumor.settings import Settings

HYPOTHESIS_ABLATIONS_FILE: Final = "hypotheses.json"


@dataclass(frozen=True, slots=True)
class Experiments:
    """What `braintumor hypotheses` measured, as `outputs/hypotheses.json` keeps it; empty where it was not run.

    Attributes
    ----------
    metrics : dict of str to dict of str to Estimate
        By experiment: `visible`, `augmentation`, `masks` and `growth`.
    facts : dict of str to dict
        By experiment: what a figure needs besides, and how it was run.
    """

    metrics: dict[str, dict[str, Metric]] = field(default_factory=dict)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)

    def metric(self, experiment: str, name: str) -> Metric | None:
        """One number of an experiment; None where it was not measured."""
        return self.metrics.get(experiment, {}).get(name)

    def detail(self, experiment: str, name: str, default: Any = None) -> Any:
        """One fact of an experiment."""
        return self.details.get(experiment, {}).get(name, default)


def read_experiments(settings: Settings) -> Experiments:
    """What was measured; empty where there is no file or it cannot be read."""
    try:
        found = json.loads((settings.outputs / HYPOTHESIS_ABLATIONS_FILE).read_text(encoding="utf-8"))
        parts = {str(name): part for name, part in found["experiments"].items() if isinstance(part, Mapping)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Experiments()
    metrics = {name: parse_metrics(part.get("metrics")) for name, part in parts.items()}
    facts = {name: dict(part["facts"]) for name, part in parts.items() if isinstance(part.get("facts"), Mapping)}
    return Experiments(metrics, facts)
