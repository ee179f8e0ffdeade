"""The comparison as pages and the README read it: rows, pairs and facts, tolerant of gaps. json and pandas only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from braintumor.evaluation.measures import Estimate, Metrics, parse_metrics
from braintumor.evaluation.study_file import identity
from braintumor.inference.artifact import CARD, versions
from braintumor.runs import under
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import Protocol

FOLDER: Final = "comparison"
FILE: Final = "comparison.json"
TABLE: Final = "comparison.csv"
COMMAND: Final = "braintumor compare"
# What pairs are compared by, and what their differences are called.
QUESTIONS: Final = {"tumor_accuracy": "tumour or none", "accuracy": "which of the four classes"}


@dataclass(frozen=True, slots=True)
class Row:
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
    model: str = ""
    test: Metrics = field(default_factory=dict)
    official: Metrics = field(default_factory=dict)
    outside: Metrics = field(default_factory=dict)
    official_model: str = ""
    milliseconds: Estimate | None = None
    parameters: float | None = None
    bytes: float | None = None
    seconds: float | None = None
    epochs: float | None = None
    unfinished: bool = False
    notes: tuple[str, ...] = ()
    copies: float | None = None
    without_copies: Metrics = field(default_factory=dict)

    @property
    def measured(self) -> bool:
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
    difference: Estimate
    real: bool
    holds: bool


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

    rows: tuple[Row, ...] = ()
    pairs: dict[str, tuple[Pair, ...]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether any version was compared."""
        return bool(self.rows)

    @property
    def measured(self) -> tuple[Row, ...]:
        """The versions with numbers."""
        return tuple(row for row in self.rows if row.measured)


def read_comparison(settings: Settings | None = None) -> Comparison:
    """Read `outputs/comparison/comparison.json`. Never fails: what cannot be read is left out."""
    settings = settings or get_settings()
    content = _json(settings, FOLDER, FILE)
    given, pairs = content.get("versions"), content.get("pairs")
    rows = tuple(_row(entry) for entry in given if _is_named(entry)) if isinstance(given, list) else ()
    there = set(versions(settings))
    return Comparison(
        rows=rows,
        pairs=_pairs(pairs) if isinstance(pairs, Mapping) else {},
        facts={str(k): v for k, v in content.items() if k not in ("versions", "pairs")},
        stale=tuple(row.version for row in rows if row.version in there and _changed(row, settings)),
    )


def _json(settings: Settings, *parts: str) -> dict[str, Any]:
    try:
        content = json.loads(settings.outputs.joinpath(*parts).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _changed(row: Row, settings: Settings) -> bool:
    """Whether the version, or its run on the official split, is another than when it was compared."""
    if row.model != identity(_json(settings, row.version, CARD)):
        return True
    return row.official_model != official_model(row.version, settings)


def official_model(version: str, settings: Settings) -> str:
    """Identity of the same recipe's run on the official split; empty where there is none."""
    card = _json(settings, under(version, Protocol.OFFICIAL), CARD)
    return identity(card) if card else ""


def _is_named(entry: Any) -> bool:
    return isinstance(entry, Mapping) and bool(entry.get("version"))


def _row(entry: Mapping[str, Any]) -> Row:
    training = entry.get("training")
    training = training if isinstance(training, Mapping) else {}
    notes = entry.get("notes")

    def word(name: str) -> str:
        return str(entry.get(name) or "")

    return Row(
        version=word("version"),
        title=word("title"),
        task=word("task"),
        weights=word("weights"),
        status=word("status"),
        command=word("command"),
        model=word("model"),
        official_model=word("official_model"),
        test=parse_metrics(entry.get("test")),
        official=parse_metrics(entry.get("official")),
        outside=parse_metrics(entry.get("outside")),
        milliseconds=parse_metrics({"ms": entry.get("milliseconds")}).get("ms"),
        parameters=_number(entry.get("parameters")),
        bytes=_number(entry.get("bytes")),
        seconds=_number(training.get("seconds")),
        epochs=_number(training.get("epochs")),
        unfinished=training.get("unfinished") is True,
        copies=_number(entry.get("copies")),
        without_copies=parse_metrics(entry.get("test_without_copies")),
        notes=tuple(map(str, notes)) if isinstance(notes, list) else (),
    )


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _pairs(given: Mapping[str, Any]) -> dict[str, tuple[Pair, ...]]:
    return {
        name: tuple(
            Pair(str(e["a"]), str(e["b"]), estimate, bool(e.get("real")), bool(e.get("holds")))
            for e in given[name]
            if isinstance(e, Mapping) and {"a", "b"} <= e.keys() and (estimate := parse_metrics({"d": e}).get("d"))
        )
        for name in QUESTIONS
        if isinstance(given.get(name), list)
    }
