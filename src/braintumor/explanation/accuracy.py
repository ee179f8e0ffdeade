"""Sensitivity and false alarms of a model on its test data, for slices of a plane and for studies."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from braintumor.enums import Plane
from braintumor.explanation.facts import Figure
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.inference.model_card import EVALUATION_FILE
from braintumor.inference.registry import Artifact
from braintumor.results.metric import Metric, Metrics, parse_metrics
from braintumor.results.stress_test import STUDIES_CHECK, parse_checks, read_checks

# With fewer slices of one plane, the share of all planes says more.
_MIN_SLICES: Final = 100
# Shares at the thresholds of the verdict, as the Detection page states them. Not measured by plane.
_SUSPECTED: Final = "tumors@verdict:tumor suspected"
_WRONGLY_SUSPECTED: Final = "tumor_free@verdict:tumor suspected"


@dataclass(frozen=True, slots=True)
class ModelAccuracy:
    """Metrics of a model on its test split and on whole studies; empty where it was not measured."""

    slices: Metrics = field(default_factory=dict)
    studies: Metrics = field(default_factory=dict)

    def sensitivity(self, plane: Plane | None = None, *, is_study: bool = False) -> Figure | None:
        """Return the share of tumours that the model recognizes; in a plane if it was measured on enough slices."""
        if is_study:
            return _figure(self.studies.get("tumors_suspected"))
        figure = self._of_plane("tumor_sensitivity", plane)
        return figure if figure is not None and figure.plane else _figure(self.slices.get(_SUSPECTED)) or figure

    def false_alarm_rate(self, plane: Plane | None = None, *, is_study: bool = False) -> Figure | None:
        """Return the share of tumour-free slices, or studies, in which the model reports a tumour."""
        if is_study:
            return _figure(self.studies.get("tumor_free_suspected"))
        specificity = self._of_plane("tumor_specificity", plane)
        suspected = _figure(self.slices.get(_WRONGLY_SUSPECTED))
        if suspected is not None and (specificity is None or not specificity.plane):
            return suspected
        return None if specificity is None else _complement(specificity)

    def _of_plane(self, name: str, plane: Plane | None) -> Figure | None:
        metric = self.slices.get(f"{name}@plane:{plane}")
        if plane not in (None, Plane.UNKNOWN) and metric is not None and (metric.n or 0) >= _MIN_SLICES:
            return _figure(metric, plane)
        return _figure(self.slices.get(name))


def read_accuracy(artifact: Artifact) -> ModelAccuracy:
    """Read the metrics of a version; empty where they are missing, damaged, or not those in the model card."""
    card = artifact.card
    return _read_accuracy(artifact.folder, card.files.get(EVALUATION_FILE, ""), card.fingerprint)


@lru_cache(maxsize=16)
def _read_accuracy(folder: Path, sha256: str, fingerprint: str) -> ModelAccuracy:
    check = parse_checks(read_checks(folder), fingerprint).get(STUDIES_CHECK)
    return ModelAccuracy(_read_slices(folder, sha256), {} if check is None or check.is_outdated else check.metrics)


def _read_slices(folder: Path, sha256: str) -> Metrics:
    try:
        content = (folder / EVALUATION_FILE).read_bytes()
        splits = json.loads(content) if sha256_hex(content) == sha256 else {}
        return parse_metrics(splits.get("test"))
    except (OSError, ValueError, AttributeError):
        return {}


def _figure(metric: Metric | None, plane: Plane | None = None) -> Figure | None:
    if metric is None:
        return None
    low, high = metric.interval or (None, None)
    return Figure(metric.value, low, high, metric.n, plane)


def _complement(figure: Figure) -> Figure:
    low = None if figure.high is None else 1.0 - figure.high
    high = None if figure.low is None else 1.0 - figure.low
    return Figure(1.0 - figure.value, low, high, figure.n, figure.plane)
