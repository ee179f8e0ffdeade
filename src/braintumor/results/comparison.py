"""Comparison of all versions on the same scans, from `outputs/comparison`, readable despite missing entries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from braintumor.enums import EXTERNAL_SPLIT, Protocol
from braintumor.inference.model_card import CARD_FILE, read_card_for_display
from braintumor.inference.registry import list_models
from braintumor.inference.runs import Run
from braintumor.results.metric import Metric, Metrics, parse_metric, parse_metrics
from braintumor.settings import Settings, get_settings

COMPARISON_FOLDER: Final = "comparison"
COMPARISON_FILE: Final = "comparison.json"
COMPARISON_TABLE: Final = "comparison.csv"
COMPARE_COMMAND: Final = "braintumor compare"
# Metrics of the pairwise comparison, and what they ask.
COMPARED_METRICS: Final = {"tumor_accuracy": "tumour or no tumour", "accuracy": "the four classes"}


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One version; what was not measured is empty or None.

    Attributes
    ----------
    status, command : str
        What is missing, and the command that adds it.
    model_fingerprint, official_fingerprint : str
        Fingerprints of the model and of its run on the official split when they were compared.
    milliseconds : Metric or None
        Median time from model input to verdict.
    is_undertrained : bool
        Whether the validation loss was still falling after the last epoch.
    near_duplicates : float or None
        Number of test scans that are near-duplicates of its training images; known for models of the binary set.
    without_near_duplicates : dict of str to Metric
        Metrics on the other test scans.
    """

    version: str
    title: str
    task: str
    weights: str
    status: str
    command: str = ""
    model_fingerprint: str = ""
    test: Metrics = field(default_factory=dict)
    official: Metrics = field(default_factory=dict)
    external: Metrics = field(default_factory=dict)
    official_fingerprint: str = ""
    milliseconds: Metric | None = None
    parameters: float | None = None
    bytes: float | None = None
    seconds: float | None = None
    epochs: float | None = None
    is_undertrained: bool = False
    notes: tuple[str, ...] = ()
    near_duplicates: float | None = None
    without_near_duplicates: Metrics = field(default_factory=dict)

    @property
    def is_evaluated(self) -> bool:
        """Whether it was evaluated."""
        return bool(self.test)


@dataclass(frozen=True, slots=True)
class Pair:
    """Difference in accuracy of two versions, `a` minus `b`, on the same scans.

    Attributes
    ----------
    is_significant : bool
        Whether the confidence interval excludes zero.
    is_significant_after_holm : bool
        Whether it does after Holm's correction for the number of pairs.
    """

    a: str
    b: str
    difference: Metric
    is_significant: bool
    is_significant_after_holm: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """All compared versions; empty if none was compared.

    Attributes
    ----------
    rows : tuple of ComparisonRow
    pairs : dict of str to tuple of Pair
        By metric: `tumor_accuracy` and `accuracy`.
    details : dict
        Number of scans, machine, date.
    outdated : tuple of str
        Versions that were trained, evaluated or changed after the comparison.
    """

    rows: tuple[ComparisonRow, ...] = ()
    pairs: dict[str, tuple[Pair, ...]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    outdated: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether any version was compared."""
        return bool(self.rows)

    @property
    def evaluated_rows(self) -> tuple[ComparisonRow, ...]:
        """The evaluated versions."""
        return tuple(row for row in self.rows if row.is_evaluated)


def read_comparison(settings: Settings | None = None) -> Comparison:
    """Read `outputs/comparison/comparison.json`; entries that cannot be parsed are left out."""
    settings = settings or get_settings()
    content = _load_json(settings.outputs / COMPARISON_FOLDER / COMPARISON_FILE)
    versions, pairs = content.get("versions"), content.get("pairs")
    rows = tuple(map(_parse_row, filter(_has_version, versions))) if isinstance(versions, list) else ()
    available = set(list_models(settings))
    return Comparison(
        rows=rows,
        pairs=_parse_pairs(pairs) if isinstance(pairs, Mapping) else {},
        details={str(k): v for k, v in content.items() if k not in ("versions", "pairs")},
        outdated=tuple(row.version for row in rows if row.version in available and _is_outdated(row, settings)),
    )


def _load_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_outdated(row: ComparisonRow, settings: Settings) -> bool:
    """Whether the version, or its run on the official split, has changed since the comparison."""
    if row.model_fingerprint != _read_fingerprint(row.version, settings):
        return True
    return row.official_fingerprint != read_official_fingerprint(row.version, settings)


def read_official_fingerprint(version: str, settings: Settings) -> str:
    """Return the fingerprint of a version's run on the official split; empty if there is none."""
    return _read_fingerprint(Run(version, Protocol.OFFICIAL).name, settings)


def _read_fingerprint(version: str, settings: Settings) -> str:
    card = read_card_for_display(settings.outputs / version / CARD_FILE)
    return card.fingerprint if card else ""


def _has_version(entry: Any) -> bool:
    return isinstance(entry, Mapping) and bool(entry.get("version"))


def _parse_row(entry: Mapping[str, Any]) -> ComparisonRow:
    training = entry.get("training")
    training = training if isinstance(training, Mapping) else {}
    notes = entry.get("notes")

    def text(name: str) -> str:
        return str(entry.get(name) or "")

    return ComparisonRow(
        version=text("version"),
        title=text("title"),
        task=text("task"),
        weights=text("weights"),
        status=text("status"),
        command=text("command"),
        model_fingerprint=text("model"),
        official_fingerprint=text("official_model"),
        test=parse_metrics(entry.get("test")),
        official=parse_metrics(entry.get("official")),
        external=parse_metrics(entry.get(EXTERNAL_SPLIT)),
        milliseconds=parse_metric(entry.get("milliseconds")),
        parameters=_as_number(entry.get("parameters")),
        bytes=_as_number(entry.get("bytes")),
        seconds=_as_number(training.get("seconds")),
        epochs=_as_number(training.get("epochs")),
        is_undertrained=training.get("unfinished") is True,
        near_duplicates=_as_number(entry.get("copies")),
        without_near_duplicates=parse_metrics(entry.get("test_without_copies")),
        notes=tuple(map(str, notes)) if isinstance(notes, list) else (),
    )


def _as_number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parse_pairs(raw: Mapping[str, Any]) -> dict[str, tuple[Pair, ...]]:
    return {
        name: tuple(
            Pair(str(e["a"]), str(e["b"]), difference, bool(e.get("real")), bool(e.get("holds")))
            for e in raw[name]
            if isinstance(e, Mapping) and {"a", "b"} <= e.keys() and (difference := parse_metric(e))
        )
        for name in COMPARED_METRICS
        if isinstance(raw.get(name), list)
    }
