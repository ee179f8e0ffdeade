"""The subject of a study: one version with its detector and the scans it is judged on, and what a stage returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.catalog import training_dataset
from braintumor.enums import Split
from braintumor.errors import BrainTumorError, ScanError
from braintumor.evaluation.evaluate import load_evaluation_data, verdicts_of
from braintumor.evaluation.metrics.bootstrap import MetricEntry
from braintumor.evaluation.scoring import SplitPredictions
from braintumor.imaging import preprocess, read_scan
from braintumor.inference.detector import Detector
from braintumor.inference.outputs import Outputs
from braintumor.inference.registry import ModelCard
from braintumor.settings import Settings
from braintumor.training.data import TrainingData


class NotMeasurableError(BrainTumorError):
    """A stage that cannot be measured for this version or without certain pictures; the text says why."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a stage found: metrics with intervals, curves as columns of equal length, and facts about how."""

    metrics: dict[str, MetricEntry]
    curves: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class StressTestContext:
    """One version under study. Whatever takes time is made when it is first asked for, and kept."""

    def __init__(self, name: str, settings: Settings, replicates: int) -> None:
        self.name, self.settings, self.replicates = name, settings, replicates
        self.detector = Detector.load(name, settings)

    @property
    def card(self) -> ModelCard:
        """Card of the version."""
        return self.detector.artifact.card

    @cached_property
    def data(self) -> TrainingData:
        """Every frame of the image set."""
        return load_evaluation_data(self.name, self.settings)

    def image_path(self, row: int) -> Path:
        """The file of a row, in the folder of the set the version learnt from."""
        return self.settings.inputs / training_dataset(self.card.raw).folder / self.data.manifest["path"].iloc[row]

    @cached_property
    def test_rows(self) -> NDArray[np.int64]:
        """Rows of the test split."""
        return self.data.split_rows(Split.TEST)

    @cached_property
    def test_predictions(self) -> SplitPredictions:
        """The test split with what is said of it."""
        frames = self.data.model_inputs[self.test_rows]
        outputs, probabilities, verdicts = self.predict(frames)
        masks = None if self.data.masks is None else self.data.masks[self.test_rows]
        manifest = self.data.manifest.iloc[self.test_rows]
        return SplitPredictions(manifest, self.data.labels[self.test_rows], outputs, probabilities, verdicts, masks)

    def predict(self, model_inputs: NDArray[np.uint8]) -> tuple[Outputs, NDArray[np.float64], NDArray[np.object_]]:
        """Outputs, calibrated probabilities and verdicts of frames (n, height, width)."""
        outputs = self.detector.infer_all(model_inputs)
        probabilities = self.detector.probabilities(outputs)
        return outputs, probabilities, verdicts_of(self.detector, outputs, probabilities, model_inputs)

    def load_inputs(self, paths: Sequence[Path]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Frames of the pictures that can be read as scans, and which of all they are."""
        frames, readable = [], np.zeros(len(paths), bool)
        for i, path in enumerate(paths):
            try:
                frames.append(preprocess(read_scan(path, settings=self.settings), self.card.input_spec)[0])
                readable[i] = True
            except ScanError:
                continue
        shape = (0, self.card.input_spec.height, self.card.input_spec.width)
        return np.stack(frames) if frames else np.empty(shape, np.uint8), readable
