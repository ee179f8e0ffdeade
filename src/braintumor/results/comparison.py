"""The comparison as pages and the README read it: rows, pairs and facts, tolerant of gaps. json and pandas only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from braintumor.enums import Protocol
from braintumor.inference.registry import CARD_FILE, list_models
from braintumor.inference.runs import Run
from braintumor.results.metric import Metric, Metrics, parse_metrics
from braintumor.results.study import model_fingerprint
from braintumor.settings import Settings, get_settings

COMPARISON_FOLDER: Final = "comparison"
COMPARISON_FILE: Final = "comparison.json"
COMPARISON_TABLE: Final = "comparison.csv"
COMPARE_COMMAND: Final = "braintumor compare"
# What pairs are compared by, and what their differences are called.
COMPARED_METRICS: Final = {"tumor_accuracy": "tumour or none", "accuracy": "which of the four classes"}


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One version. What was not measured is empty or None; `command` is what comes next for it.

    `unfinished` says that its epochs ended while its validation loss still fell. `copies` is how many of the test scans
    are near copies of what it learnt from, known of versions of the yes/no set, and `without_copies` the scores on the
    others.
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
        """Whether there is a number to show."""
        return bool(self.test)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions on the same scans: the share of right answers of `a` less that of `b`.

    `real` says that the interval leaves zero out, `holds` that the difference outlasts Holm's correction for how many
    pairs there are.
    """

    a: str
    b: str
    difference: Metric
    significant: bool
    significant_after_holm: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """All versions side by side; empty where none was compared.

    Attributes
    ----------
    rows : tuple of Row
    pairs : dict of str to tuple of Pair
        By `tumor_accuracy` and `accuracy`.
    facts : dict
        How it was measured: scans, machine, date.
    stale : tuple of str
        Versions that were trained, evaluated or changed after this.
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
        """The versions with numbers."""
        return tuple(row for row in self.rows if row.is_evaluated)


def read_comparison(settings: Settings | None = None) -> Comparison:
    """Read `outputs/comparison/comparison.json`. Never fails: what cannot be read is left out."""
    settings = settings or get_settings()
    content = _load_json(settings, COMPARISON_FOLDER, COMPARISON_FILE)
    given, pairs = content.get("versions"), content.get("pairs")
    rows = tuple(_parse_row(entry) for entry in given if _is_named(entry)) if isinstance(given, list) else ()
    there = set(list_models(settings))
    return Comparison(
        rows=rows,
        pairs=_parse_pairs(pairs) if isinstance(pairs, Mapping) else {},
        details={str(k): v for k, v in content.items() if k not in ("versions", "pairs")},
        outdated=tuple(row.version for row in rows if row.version in there and _is_outdated(row, settings)),
    )


def _load_json(settings: Settings, *parts: str) -> dict[str, Any]:
    try:
        content = json.loads(settings.outputs.joinpath(*parts).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_outdated(row: ComparisonRow, settings: Settings) -> bool:
    """Whether the version, or its run on the official split, is another than when it was compared."""
    if row.model_fingerprint != model_fingerprint(_load_json(settings, row.version, CARD_FILE)):
        return True
    return row.official_fingerprint != read_official_fingerprint(row.version, settings)


def read_official_fingerprint(version: str, settings: Settings) -> str:
    """Identity of the same recipe's run on the official split; empty where there is none."""
    card = _load_json(settings, Run(version, Protocol.OFFICIAL).name, CARD_FILE)
    return model_fingerprint(card) if card else ""


def _is_named(entry: Any) -> bool:
    return isinstance(entry, Mapping) and bool(entry.get("version"))


def _parse_row(entry: Mapping[str, Any]) -> ComparisonRow:
    training = entry.get("training")
    training = training if isinstance(training, Mapping) else {}
    notes = entry.get("notes")

    def word(name: str) -> str:
        return str(entry.get(name) or "")

    return ComparisonRow(
        version=word("version"),
        title=word("title"),
        task=word("task"),
        weights=word("weights"),
        status=word("status"),
        command=word("command"),
        model_fingerprint=word("model"),
        official_fingerprint=word("official_model"),
        test=parse_metrics(entry.get("test")),
        official=parse_metrics(entry.get("official")),
        external=parse_metrics(entry.get("outside")),
        milliseconds=parse_metrics({"ms": entry.get("milliseconds")}).get("ms"),
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
            Pair(str(e["a"]), str(e["b"]), estimate, bool(e.get("real")), bool(e.get("holds")))
            for e in raw[name]
            if isinstance(e, Mapping) and {"a", "b"} <= e.keys() and (estimate := parse_metrics({"d": e}).get("d"))
        )
        for name in COMPARED_METRICS
        if isinstance(raw.get(name), list)
    }
