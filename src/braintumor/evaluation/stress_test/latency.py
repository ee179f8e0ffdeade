"""Latency: where a detection's time goes, and what mask, map and novelty cost, all measured side by side in one run."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci
from braintumor.evaluation.stress_test.context import CheckResult, StressTestContext
from braintumor.evaluation.stress_test.robustness import sample_across_groups
from braintumor.imaging import to_batch
from braintumor.inference.ensemble import Ensemble
from braintumor.inference.onnx_model import OnnxModel
from braintumor.inference.outputs import LOGITS
from braintumor.inference.registry import MODEL_FILE, load_artifact

Floats = NDArray[np.float64]
TimedMethod = Callable[[NDArray[np.uint8]], Any]

SCANS: Final = 120
SEED: Final = 0
_WARM_UP_SCANS: Final = 5


def measure_latency(context: StressTestContext, scans: int = SCANS) -> CheckResult:
    """Milliseconds of each stage of `detect`, and of three ways from the same frame to an answer, scan by scan.

    Metrics are medians, their intervals over scans: `ms@stage:read` and so on; `ms@way:whole` (all outputs, novelty
    and verdict), `ms@way:bare` (classification alone) and `ms@way:keras` (`model.predict`, where
    `model.keras` is there); `ratio@way:bare`, how many times as long the whole takes as the bare graph, and
    `ratio@way:keras`, how many times as long Keras takes as the whole.
    """
    rows = context.test_rows[sample_across_groups(context.test_predictions.groups, scans, SEED)]
    paths = [context.image_path(int(row)) for row in rows]
    frames = context.data.model_inputs[rows]
    ways = {"whole": _full_detection(context), "bare": _classification_only(context)} | _keras_prediction(context)
    for frame in frames[:_WARM_UP_SCANS]:
        for way in ways.values():
            way(frame[None])
    spent: dict[str, list[float]] = {name: [] for name in ways}
    stages: dict[str, list[float]] = {}
    for path, frame in zip(paths, frames, strict=True):  # in turn, so that a busy moment of the machine meets all
        for name, way in ways.items():
            started = time.perf_counter()
            way(frame[None])
            spent[name].append(1e3 * (time.perf_counter() - started))
        for stage, took in context.detector.detect(path).milliseconds.items():
            stages.setdefault(stage, []).append(took)
    times = {f"stage:{name}": np.array(values) for name, values in stages.items()}
    times |= {f"way:{name}": np.array(values) for name, values in spent.items()}
    facts = {"scans": len(rows), "threads": context.settings.threads, "cores": os.cpu_count()}
    return CheckResult(median_times(times, context.replicates), facts=facts)


def median_times(times: dict[str, Floats], replicates: int) -> dict[str, MetricEntry]:
    """Median of each kind of time and the ratios of ways, with intervals over scans."""
    count = len(next(iter(times.values())))

    def measure(weights: Floats) -> dict[str, float]:
        drawn = np.repeat(np.arange(count), weights.astype(int))
        middle = {name: float(np.median(values[drawn])) for name, values in times.items()}
        found = {f"ms@{name}": value for name, value in middle.items()}
        if {"way:whole", "way:bare"} <= middle.keys():
            found["ratio@way:bare"] = middle["way:whole"] / middle["way:bare"]
        if {"way:whole", "way:keras"} <= middle.keys():
            found["ratio@way:keras"] = middle["way:keras"] / middle["way:whole"]
        return found

    apart = np.arange(count).astype(str).astype(object)
    return bootstrap_ci(measure, {}, apart, np.zeros(count, np.int64), replicates)


def _full_detection(context: StressTestContext) -> TimedMethod:
    def run(frame: NDArray[np.uint8]) -> Any:
        return context.predict(frame)

    return run


def _classification_only(context: StressTestContext) -> TimedMethod:
    """Classification alone: the bare network of one with a mask, else every served graph cut at its logits."""
    artifact, contract = context.detector.artifact, context.card.input_spec
    if artifact.card.members:
        cards = [load_artifact(member.version, context.settings).card for member in artifact.card.members]
        sessions = [_session(_cut_at_logits(path), context) for path in artifact.model_paths()]
        ensemble = Ensemble(artifact.card, [OnnxModel(*pair) for pair in zip(cards, sessions, strict=True)])
        return lambda frame: ensemble.run(to_batch(frame, contract))
    masked = context.test_predictions.outputs.mask is not None
    content = _export_classifier(artifact.path("model.keras")) if masked else None
    session = _session(content or _cut_at_logits(artifact.path(MODEL_FILE)), context)
    name = session.get_inputs()[0].name
    return lambda frame: session.run([LOGITS], {name: to_batch(frame, contract)})


def _session(content: bytes, subject: StressTestContext) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = subject.settings.threads
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _export_classifier(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    from braintumor.models.builder import load_keras_model
    from braintumor.models.serving_graph import classifier_only
    from braintumor.training.export import export_onnx_bytes

    return export_onnx_bytes(classifier_only(load_keras_model(path)))


def _cut_at_logits(graph_path: Path) -> bytes:
    from onnx.utils import extract_model

    name = onnxruntime.InferenceSession(str(graph_path), providers=["CPUExecutionProvider"]).get_inputs()[0].name
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        cut = Path(folder) / MODEL_FILE
        extract_model(str(graph_path), str(cut), [name], [LOGITS])
        return cut.read_bytes()


def _keras_prediction(context: StressTestContext) -> dict[str, TimedMethod]:
    path = context.detector.artifact.path("model.keras")
    if not path.is_file():
        return {}
    from braintumor.models.builder import load_keras_model

    model, contract = load_keras_model(path), context.card.input_spec
    return {"keras": lambda frame: model.predict(to_batch(frame, contract), verbose=0)}
