"""Latency of a detection by stage, and the cost of masks, heat maps and out-of-distribution scores."""

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
from braintumor.evaluation.sampling import sample_across_groups
from braintumor.evaluation.stress_test.context import CheckResult, StressTestContext
from braintumor.imaging import to_batch
from braintumor.inference.ensemble import Ensemble
from braintumor.inference.model_card import KERAS_FILE, MODEL_FILE
from braintumor.inference.onnx_model import OnnxModel
from braintumor.inference.outputs import LOGITS
from braintumor.inference.registry import load_artifact

Floats = NDArray[np.float64]
TimedMethod = Callable[[NDArray[np.uint8]], Any]

SCANS: Final = 120
SEED: Final = 0
_WARM_UP_SCANS: Final = 5


def measure_latency(context: StressTestContext, scans: int = SCANS) -> CheckResult:
    """Time each stage of `detect`, and three methods from the same image to a classification, in milliseconds per scan.

    Metrics are medians with intervals over scans: `ms@stage:read` and so on; `ms@way:whole` (all outputs,
    out-of-distribution score and verdict), `ms@way:bare` (classification only) and `ms@way:keras` (`model.predict`, if
    `model.keras` is available); `ratio@way:bare`, the full detection relative to classification only, and
    `ratio@way:keras`, Keras relative to the full detection.
    """
    rows = context.test_rows[sample_across_groups(context.test_predictions.groups, scans, SEED)]
    paths = [context.image_path(int(row)) for row in rows]
    model_inputs = context.data.model_inputs[rows]
    methods = {"whole": _full_detection(context), "bare": _classification_only(context)} | _keras_prediction(context)
    for model_input in model_inputs[:_WARM_UP_SCANS]:
        for method in methods.values():
            method(model_input[None])
    method_times: dict[str, list[float]] = {name: [] for name in methods}
    stage_times: dict[str, list[float]] = {}
    for path, model_input in zip(
        paths, model_inputs, strict=True
    ):  # alternate, so that other load affects all methods equally
        for name, method in methods.items():
            started = time.perf_counter()
            method(model_input[None])
            method_times[name].append(1e3 * (time.perf_counter() - started))
        for stage, milliseconds in context.detector.detect(path).milliseconds.items():
            stage_times.setdefault(stage, []).append(milliseconds)
    times = {f"stage:{name}": np.array(values) for name, values in stage_times.items()}
    times |= {f"way:{name}": np.array(values) for name, values in method_times.items()}
    facts = {"scans": len(rows), "threads": context.settings.threads, "cores": os.cpu_count()}
    return CheckResult(median_times(times, context.replicates), facts=facts)


def median_times(times: dict[str, Floats], replicates: int) -> dict[str, MetricEntry]:
    """Compute median times and the ratios of methods, with intervals over scans."""
    count = len(next(iter(times.values())))

    def medians_and_ratios(weights: Floats) -> dict[str, float]:
        sample = np.repeat(np.arange(count), weights.astype(int))
        medians = {name: float(np.median(values[sample])) for name, values in times.items()}
        metrics = {f"ms@{name}": value for name, value in medians.items()}
        if {"way:whole", "way:bare"} <= medians.keys():
            metrics["ratio@way:bare"] = medians["way:whole"] / medians["way:bare"]
        if {"way:whole", "way:keras"} <= medians.keys():
            metrics["ratio@way:keras"] = medians["way:keras"] / medians["way:whole"]
        return metrics

    scan_ids = np.arange(count).astype(str).astype(object)
    return bootstrap_ci(medians_and_ratios, {}, scan_ids, np.zeros(count, np.int64), replicates)


def _full_detection(context: StressTestContext) -> TimedMethod:
    def run(model_input: NDArray[np.uint8]) -> Any:
        return context.predict(model_input)

    return run


def _classification_only(context: StressTestContext) -> TimedMethod:
    """Time classification only: the network without its mask branch, or each ONNX graph cut at its logits."""
    artifact, input_spec = context.detector.artifact, context.card.input_spec
    if artifact.card.members:
        cards = [load_artifact(member.version, context.settings).card for member in artifact.card.members]
        sessions = [_session(_cut_at_logits(path), context) for path in artifact.model_paths()]
        ensemble = Ensemble(artifact.card, [OnnxModel(*pair) for pair in zip(cards, sessions, strict=True)])
        return lambda model_input: ensemble.run(to_batch(model_input, input_spec))
    has_mask = context.test_predictions.outputs.mask is not None
    content = _export_classifier(artifact.path(KERAS_FILE)) if has_mask else None
    session = _session(content or _cut_at_logits(artifact.path(MODEL_FILE)), context)
    name = session.get_inputs()[0].name
    return lambda model_input: session.run([LOGITS], {name: to_batch(model_input, input_spec)})


def _session(content: bytes, context: StressTestContext) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = context.settings.threads
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
    path = context.detector.artifact.path(KERAS_FILE)
    if not path.is_file():
        return {}
    from braintumor.models.builder import load_keras_model

    model, input_spec = load_keras_model(path), context.card.input_spec
    return {"keras": lambda model_input: model.predict(to_batch(model_input, input_spec), verbose=0)}
