"""Results of the stress tests in `stress_test.json`, each with the fingerprint of the model it was run on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from braintumor.enums import EXTERNAL_SPLIT
from braintumor.fileio import write_atomically
from braintumor.inference.registry import Artifact
from braintumor.results.metric import Metrics, parse_metrics

STRESS_TEST_FILE: Final = "stress_test.json"
SOURCES_CHECK: Final = "sources"
OOD_CHECK: Final = "ood"
STUDIES_CHECK: Final = "studies"


@dataclass(frozen=True, slots=True)
class StressTestResult:
    """One stress test; entries that are missing or damaged are empty.

    Attributes
    ----------
    metrics : dict of str to Metric
    curves : dict of str to DataFrame
        Numbers, NaN if missing.
    details : dict
        How it was run.
    skip_reason : str
        Why it could not be run; empty if it was.
    is_outdated : bool
        Whether the model or its thresholds have changed since.
    """

    metrics: Metrics = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    skip_reason: str = ""
    is_outdated: bool = False

    @property
    def is_measured(self) -> bool:
        """Whether it has metrics."""
        return bool(self.metrics)

    def subgroup_values(self, attribute: str) -> list[str]:
        """List the values of an attribute in the names of its metrics, in their order."""
        marker = f"@{attribute}:"
        values = [name.split(marker, 1)[1].split("@", 1)[0] for name in self.metrics if marker in name]
        return list(dict.fromkeys(values))


def parse_checks(checks: Mapping[str, Any], fingerprint: str) -> dict[str, StressTestResult]:
    """Parse stress tests by name.

    Parameters
    ----------
    checks : mapping
        As read by `read_checks`.
    fingerprint : str
        Fingerprint of the current model.
    """
    return {name: _parse_check(entry, fingerprint) for name, entry in checks.items() if isinstance(entry, Mapping)}


def _parse_check(entry: Mapping[str, Any], fingerprint: str) -> StressTestResult:
    curves, details = entry.get("curves"), entry.get("facts")
    return StressTestResult(
        metrics=parse_metrics(entry.get("metrics")),
        curves={str(n): _parse_curve(c) for n, c in curves.items()} if isinstance(curves, Mapping) else {},
        details=dict(details) if isinstance(details, Mapping) else {},
        skip_reason=str(entry.get("skipped") or ""),
        is_outdated=entry.get("model") != fingerprint,
    )


def _parse_curve(columns: Any) -> pd.DataFrame:
    try:
        return pd.DataFrame(dict(columns)).apply(pd.to_numeric, errors="coerce")
    except (TypeError, ValueError):
        return pd.DataFrame()


def read_check(path: Path, fingerprint: str) -> StressTestResult:
    """Read a check that has a file of its own; one without metrics if it is missing or damaged."""
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        entry = None
    return _parse_check(entry, fingerprint) if isinstance(entry, Mapping) else StressTestResult()


def read_checks(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the stress tests of a version as plain data, by name; empty if there are none or the file is damaged."""
    try:
        checks = json.loads((folder / STRESS_TEST_FILE).read_text(encoding="utf-8"))["checks"]
        return {str(name): check for name, check in checks.items() if isinstance(check, dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_checks(folder: Path, checks: dict[str, dict[str, Any]]) -> None:
    """Write the stress tests of a version atomically."""
    write_atomically(folder / STRESS_TEST_FILE, json.dumps({"checks": checks}, indent=1) + "\n")


def is_current(check: dict[str, Any] | None, fingerprint: str) -> bool:
    """Whether a stress test was run, and on the model with this fingerprint."""
    return check is not None and check.get("model") == fingerprint and "skipped" not in check


def read_external_split(artifact: Artifact) -> dict[str, Any]:
    """Read the metrics on the external set as plain data; empty if they are missing or outdated."""
    check = read_checks(artifact.folder).get(EXTERNAL_SPLIT)
    metrics = check.get("metrics") if check and is_current(check, artifact.card.fingerprint) else None
    return dict(metrics) if isinstance(metrics, dict) else {}
