"""Model, data and predictions of one stress test, and the result of one check."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import evaluation_dataset
from braintumor.enums import NO_TUMOR_INDEX, Split
from braintumor.errors import BrainTumorError, ScanError
from braintumor.evaluation.data import SplitPredictions, load_evaluation_data
from braintumor.evaluation.metrics.bootstrap import MetricEntry
from braintumor.evaluation.sampling import sample_by_class
from braintumor.imaging import Scan, preprocess, read_scan
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import ModelCard
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData

# Size of the sample that is read as served, one scan after another, and the seed of its draw.
TUMORS: Final = 200
TUMOR_FREE: Final = 100
SEED: Final = 0


class NotMeasurableError(BrainTumorError):
    """A check does not apply to this model, or its images are missing; the message says why."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check: metrics with intervals, curves as columns of equal length, and details of the method."""

    metrics: dict[str, MetricEntry]
    curves: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class StressTestContext:
    """One model under test; expensive data is computed on first use and cached."""

    def __init__(self, name: str, settings: Settings, replicates: int) -> None:
        self.name, self.settings, self.replicates = name, settings, replicates
        self.detector = Detector.load(name, settings)
        self.external_slices: pd.DataFrame | None = None  # read once for several checks

    @property
    def card(self) -> ModelCard:
        """Model card."""
        return self.detector.artifact.card

    @cached_property
    def data(self) -> TrainingData:
        """All images of the model's dataset."""
        return load_evaluation_data(self.name, self.settings)

    def image_path(self, row: int) -> Path:
        """Return the path of the image in a row of the manifest."""
        return self.settings.inputs / evaluation_dataset(self.card.recipe).folder / self.data.manifest["path"].iloc[row]

    @cached_property
    def test_rows(self) -> NDArray[np.int64]:
        """Rows of the test split."""
        return self.data.split_rows(Split.TEST)

    @cached_property
    def test_predictions(self) -> SplitPredictions:
        """Predictions on the test split."""
        data = self.data.select(self.test_rows)
        outputs, probabilities, verdicts = self.predict(data.model_inputs)
        return SplitPredictions(data.manifest, data.labels, outputs, probabilities, verdicts, data.masks)

    def predict(self, model_inputs: NDArray[np.uint8]) -> tuple[Outputs, NDArray[np.float64], NDArray[np.object_]]:
        """Compute outputs, calibrated probabilities and verdicts of model inputs (n, height, width)."""
        outputs = self.detector.infer_all(model_inputs)
        probabilities = self.detector.probabilities(outputs)
        return outputs, probabilities, self.detector.verdicts(outputs, probabilities, model_inputs)

    def load_inputs(self, paths: Sequence[Path]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Load the model inputs of all readable images, and mark which of the paths are readable."""
        model_inputs, readable = [], np.zeros(len(paths), bool)
        for i, path in enumerate(paths):
            try:
                model_inputs.append(preprocess(read_scan(path, settings=self.settings), self.card.input_spec)[0])
                readable[i] = True
            except ScanError:
                continue
        shape = (0, self.card.input_spec.height, self.card.input_spec.width)
        return np.stack(model_inputs) if model_inputs else np.empty(shape, np.uint8), readable


@dataclass(frozen=True, slots=True)
class SampledScans:
    """Scans of the test split to read as they are served, with their labels and groups (n,)."""

    scans: list[Scan]
    labels: NDArray[np.int64]
    groups: NDArray[np.object_]

    @property
    def has_tumor(self) -> NDArray[np.bool_]:
        """Which scans have a tumour."""
        return self.labels != NO_TUMOR_INDEX


def sample_test_scans(context: StressTestContext, tumors: int, tumor_free: int) -> SampledScans:
    """Read at most so many scans of the test split with and without a tumour, drawn across groups."""
    data, rows = context.data, context.test_rows
    groups = data.manifest["group"].to_numpy(object)
    rows = rows[sample_by_class(data.labels[rows] != NO_TUMOR_INDEX, groups[rows], tumors, tumor_free, SEED)]
    scans = [read_scan(context.image_path(int(row)), settings=context.settings) for row in rows]
    return SampledScans(scans, data.labels[rows], groups[rows])
