"""Acceptance test of a smaller variant: its probabilities and metrics must stay close to the served model."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.evaluation.metrics.bootstrap import REPLICATES, MetricEntry, mean_with_ci
from braintumor.evaluation.metrics.classification import correctness
from braintumor.evaluation.variants.runner import Runner, VariantDetector
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import INT8_FILE, LITERT_FILE
from braintumor.training.inputs.data import TrainingData

_METRIC_TITLES: Final = {
    "accuracy": "accuracy",
    "tumor_sensitivity": "tumour sensitivity",
    "tumor_specificity": "tumour specificity",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits a variant must meet to be stored.

    Attributes
    ----------
    median, largest : float
        Difference of a probability over the test scans.
    lost : float
        Loss of accuracy, sensitivity or specificity on the test split.
    """

    median: float
    largest: float
    lost: float


# LiteRT only changes the order of additions; 8-bit rounding can change borderline predictions.
BOUNDS: Final = {LITERT_FILE: Bounds(1e-5, 1e-3, 0.001), INT8_FILE: Bounds(0.02, 1.0, 0.02)}


def measure_variant(
    detector: Detector, runner: Runner, data: TrainingData, replicates: int = REPLICATES
) -> dict[str, Any]:
    """Compare a variant with the served model on the test split.

    Returns
    -------
    dict
        `agreement`: median and largest difference of a calibrated probability, each scan represented by its largest.
        `test`: accuracy, tumour sensitivity and specificity of the variant, and as `lost/accuracy` and so on their loss
        relative to the served model, with intervals over groups.
    """
    rows = data.split_rows(Split.TEST)
    model_inputs, labels = data.model_inputs[rows], data.labels[rows]
    served, variant = (
        model.probabilities(model.infer_all(model_inputs)) for model in (detector, VariantDetector(detector, runner))
    )
    differences = np.abs(served - variant).max(axis=1)
    binary_threshold = detector.artifact.card.binary_threshold
    served_columns, variant_columns = (
        correctness(labels, probabilities, binary_threshold) for probabilities in (served, variant)
    )
    columns = variant_columns | {
        f"lost/{metric}": served_columns[metric] - variant_columns[metric] for metric in _METRIC_TITLES
    }
    test: dict[str, MetricEntry] = mean_with_ci(
        columns, data.manifest["group"].to_numpy(object)[rows], labels, replicates
    )
    return {
        "agreement": {
            "median_difference": float(np.median(differences)),
            "largest_difference": float(differences.max()),
            "n": len(rows),
        },
        "test": test,
    }


def require_within_bounds(name: str, file: str, result: dict[str, Any]) -> None:
    """Raise an error that lists every bound a variant exceeds, if any."""
    bounds, agreement, test = BOUNDS[file], result["agreement"], result["test"]
    checks = [
        (f"the {kind} difference of a probability", agreement[f"{kind}_difference"], getattr(bounds, kind))
        for kind in ("median", "largest")
    ]
    checks += [
        (f"the loss of {title}", test[f"lost/{metric}"]["value"], bounds.lost)
        for metric, title in _METRIC_TITLES.items()
        if f"lost/{metric}" in test
    ]
    exceeded = [
        f"{description} is {value:.4g}, more than {bound:g}"
        for description, value, bound in checks
        if not value <= bound
    ]
    if exceeded:
        raise ArtifactError(
            f"{name}: {file} was not written, because on {agreement['n']} test scans {'; '.join(exceeded)}. "
            "Use model.onnx."
        )
