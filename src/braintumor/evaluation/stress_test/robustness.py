"""Robustness: metrics under image corruptions of growing strength."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.masks import load_mask
from braintumor.evaluation.metrics.bootstrap import MetricEntry, mean_with_ci
from braintumor.evaluation.metrics.classification import correctness
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.sampling import sample_across_groups
from braintumor.evaluation.stress_test.context import CheckResult, StressTestContext
from braintumor.evaluation.stress_test.corruptions import CORRUPTIONS, Corruption
from braintumor.imaging import preprocess, read_scan
from braintumor.imaging.scan import Scan

SCANS: Final = 300
SEED: Final = 0
_REPORTED_METRICS: Final = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")


def measure_robustness(context: StressTestContext, scans: int = SCANS) -> CheckResult:
    """Measure accuracy, tumour sensitivity, tumour specificity and Dice under every corruption and strength.

    The original pixels of a scan are corrupted, then preprocessed like an upload. Metrics are named `accuracy@noise:3`
    for the third strength; `accuracy` alone is of the same scans without corruption. Each corruption has a curve of
    strengths and values.
    """
    rows = context.test_rows[sample_across_groups(context.test_predictions.groups, scans, SEED)]
    sample = [_read_scan_with_mask(context, int(row)) for row in tqdm(rows, desc="robustness: read", disable=None)]
    groups = context.data.manifest["group"].to_numpy(object)[rows]
    labels = context.data.labels[rows]

    def measure(corruption: Corruption | None, strength: float) -> dict[str, MetricEntry]:
        model_inputs, masks = zip(*(scan.corrupt(context, corruption, strength) for scan in sample), strict=True)
        outputs, probabilities, _ = context.predict(np.stack(model_inputs))
        columns = correctness(labels, probabilities, context.card.binary_threshold)
        columns |= localization_metrics(replace(outputs, maps=None), np.stack(masks), labels)
        reported: dict[str, NDArray[np.float64]] = {
            name: columns[name] for name in _REPORTED_METRICS if name in columns
        }
        return mean_with_ci(reported, groups, labels, context.replicates)

    uncorrupted = measure(None, 0.0)
    metrics, curves = dict(uncorrupted), {}
    for name, corruption in tqdm(CORRUPTIONS.items(), desc="robustness", disable=None):
        steps = [measure(corruption, strength) for strength in corruption.strengths]
        for number, step in enumerate(steps, start=1):
            metrics |= {f"{metric}@{name}:{number}": entry for metric, entry in step.items()}
        curves[name] = {"strength": [None, *corruption.strengths], **_curve_columns([uncorrupted, *steps])}
    units = {name: corruption.unit for name, corruption in CORRUPTIONS.items()}
    return CheckResult(metrics, curves, {"units": units, "scans": len(rows), "seed": SEED})


@dataclass(frozen=True, slots=True)
class _ScanWithMask:
    """A scan and its reference mask at their original resolution."""

    scan: Scan
    mask: NDArray[np.bool_] | None
    row: int

    def corrupt(
        self, context: StressTestContext, corruption: Corruption | None, strength: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return model input and mask of the corrupted scan."""
        generator = np.random.default_rng([SEED, self.row])
        pixels = self.scan.to_uint8()
        corrupted = pixels if corruption is None else corruption.apply(pixels, strength, generator)
        model_input, geometry = preprocess(replace(self.scan, values=corrupted, raw=None), context.card.input_spec)
        if self.mask is None:
            return model_input, np.zeros(model_input.shape, np.uint8)
        mask = self.mask if corruption is None else corruption.corrupt_mask(self.mask, strength)
        return model_input, geometry.mask_to_input(mask).astype(np.uint8)


def _read_scan_with_mask(context: StressTestContext, row: int) -> _ScanWithMask:
    entry = {str(name): value for name, value in context.data.manifest.iloc[row].items()}
    scan = read_scan(context.image_path(row), settings=context.settings)
    return _ScanWithMask(scan, load_mask(entry, context.settings), row)


def _curve_columns(steps: list[dict[str, MetricEntry]]) -> dict[str, list[Any]]:
    """Collect value, low and high of each metric as columns over the strengths."""
    return {
        name if key == "value" else f"{name}_{key}": [step[name][key] for step in steps if name in step]
        for name in _REPORTED_METRICS
        if all(name in step for step in steps)
        for key in ("value", "low", "high")
    }
