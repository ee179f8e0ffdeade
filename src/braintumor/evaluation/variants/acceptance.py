"""What a smaller variant loses: how far its answers are from those of the served graph, and how often it is right."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.evaluation.metrics.bootstrap import REPLICATES, MetricEntry, mean_with_ci
from braintumor.evaluation.metrics.classification import correctness
from braintumor.evaluation.variants.runner import Runner, VariantDetector
from braintumor.inference.artifact_files import INT8_FILE, LITERT_FILE
from braintumor.inference.detector import Detector
from braintumor.training.data import TrainingData

_METRIC_TITLES: Final = {
    "accuracy": "accuracy",
    "tumor_sensitivity": "tumour sensitivity",
    "tumor_specificity": "tumour specificity",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a variant may be from the served graph to be kept.

    Attributes
    ----------
    median, largest : float
        Of the difference of a probability, over the test scans.
    lost : float
        Share of accuracy, sensitivity or specificity on the test split.
    """

    median: float
    largest: float
    lost: float


# The same numbers added in another order; and whole numbers, which change an answer that hung in the balance anyway.
BOUNDS: Final = {LITERT_FILE: Bounds(1e-5, 1e-3, 0.001), INT8_FILE: Bounds(0.02, 1.0, 0.02)}


def measure_variant(
    detector: Detector, runner: Runner, data: TrainingData, replicates: int = REPLICATES
) -> dict[str, Any]:
    """How a variant compares with the served graph on the test split.

    Returns
    -------
    dict
        `agreement`: median and largest difference, over the scans, of a scan's largest difference of a calibrated
        probability. `test`: accuracy, tumour sensitivity and specificity of the variant, and as `lost/accuracy` and so
        on what each is below that of the served graph, with intervals over groups.
    """
    rows = data.split_rows(Split.TEST)
    frames, labels = data.model_inputs[rows], data.labels[rows]
    ours, theirs = (d.probabilities(d.infer_all(frames)) for d in (detector, VariantDetector(detector, runner)))
    apart = np.abs(ours - theirs).max(axis=1)
    decision = detector.artifact.card.binary_threshold
    served, small = (correctness(labels, p, decision) for p in (ours, theirs))
    columns = small | {f"lost/{share}": served[share] - small[share] for share in _METRIC_TITLES}
    test: dict[str, MetricEntry] = mean_with_ci(
        columns, data.manifest["group"].to_numpy(object)[rows], labels, replicates
    )
    return {
        "agreement": {
            "median_difference": float(np.median(apart)),
            "largest_difference": float(apart.max()),
            "n": len(rows),
        },
        "test": test,
    }


def require_within_bounds(name: str, file: str, measured: dict[str, Any]) -> None:
    """Raise an error that says by how much a variant misses its bounds, where it does."""
    bounds, apart, test = BOUNDS[file], measured["agreement"], measured["test"]
    found = [
        (f"the {kind} difference of a probability", apart[f"{kind}_difference"], getattr(bounds, kind))
        for kind in ("median", "largest")
    ]
    found += [
        (f"the loss of {said}", test[f"lost/{share}"]["value"], bounds.lost)
        for share, said in _METRIC_TITLES.items()
        if f"lost/{share}" in test
    ]
    beyond = [f"{what} is {value:.4g}, more than {bound:g}" for what, value, bound in found if not value <= bound]
    if beyond:
        raise ArtifactError(
            f"{name}: {file} is not written: on {apart['n']} test scans {'; '.join(beyond)}. Take model.onnx."
        )
