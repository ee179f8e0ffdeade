"""The study file: what the long measurements found, stage by stage, each with the model it was measured on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from braintumor.fileio import write_atomically
from braintumor.inference.registry import MODEL_FILE, Artifact
from braintumor.results.metric import Metrics, parse_metrics


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


STUDY_FILE: Final = "study.json"
EXTERNAL_SPLIT: Final = "outside"
# What decides an answer besides the network: a stage measured before one of these changed says nothing of the model.
_FINGERPRINTED_KEYS: Final = ("views", "fusion", "temperature", "thresholds", "novelty")


def model_fingerprint(card: Mapping[str, Any]) -> str:
    """Hash of all in a card that decides what the model says of a scan."""
    files, members = card.get("files"), card.get("members")
    model = files.get(MODEL_FILE) if isinstance(files, Mapping) else None
    if members:  # an ensemble has no model file of its own
        model = [[member.get(name) for name in ("sha256", "weight", "temperature")] for member in members]
    content = [model, *(card.get(name) for name in _FINGERPRINTED_KEYS)]
    if (decision := card.get("decision")) is not None:
        content.append(decision)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_checks(folder: Path) -> dict[str, dict[str, Any]]:
    """Stages by name; none where there is no study or it cannot be read."""
    try:
        stages = json.loads((folder / STUDY_FILE).read_text(encoding="utf-8"))["stages"]
        return {str(name): stage for name, stage in stages.items() if isinstance(stage, dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_checks(folder: Path, checks: dict[str, dict[str, Any]]) -> None:
    """Write all stages, whole or not at all."""
    write_atomically(folder / STUDY_FILE, json.dumps({"stages": checks}, indent=1) + "\n")


def is_current(check: dict[str, Any] | None, model: str) -> bool:
    """Whether a stage was measured, and on this very model."""
    return check is not None and check.get("model") == model and "skipped" not in check


def read_external_split(artifact: Artifact) -> dict[str, Any]:
    """The split `outside` as the study measured it; empty where it was not, or on another model."""
    stage = read_checks(artifact.folder).get(EXTERNAL_SPLIT)
    metrics = stage.get("metrics") if stage and is_current(stage, model_fingerprint(artifact.card.raw)) else None
    return dict(metrics) if isinstance(metrics, dict) else {}
