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

from braintumor.evaluation.entries import Entry, with_intervals
from braintumor.evaluation.robustness import dealt
from braintumor.evaluation.subject import Findings, Subject
from braintumor.imaging import to_batch
from braintumor.inference.artifact import MODEL, load_artifact
from braintumor.inference.ensemble import Ensemble
from braintumor.inference.onnx_model import OnnxModel
from braintumor.inference.outputs import LOGITS

Floats = NDArray[np.float64]
Way = Callable[[NDArray[np.uint8]], Any]

SCANS: Final = 120
SEED: Final = 0
_WARM_UP: Final = 5


def measure_latency(subject: Subject, scans: int = SCANS) -> Findings:
    """Milliseconds of each stage of `detect`, and of three ways from the same frame to an answer, scan by scan.

    Metrics are medians, their intervals over scans: `ms@stage:read` and so on; `ms@way:whole` (all outputs, novelty
    and verdict), `ms@way:bare` (classification alone) and `ms@way:keras` (`model.predict`, where
    `model.keras` is there); `ratio@way:bare`, how many times as long the whole takes as the bare graph, and
    `ratio@way:keras`, how many times as long Keras takes as the whole.
    """
    rows = subject.test_rows[dealt(subject.test.groups, scans, SEED)]
    paths = [subject.path_of(int(row)) for row in rows]
    frames = subject.data.frames[rows]
    ways = {"whole": _whole(subject), "bare": _bare(subject)} | _keras(subject)
    for frame in frames[:_WARM_UP]:
        for way in ways.values():
            way(frame[None])
    spent: dict[str, list[float]] = {name: [] for name in ways}
    stages: dict[str, list[float]] = {}
    for path, frame in zip(paths, frames, strict=True):  # in turn, so that a busy moment of the machine meets all
        for name, way in ways.items():
            started = time.perf_counter()
            way(frame[None])
            spent[name].append(1e3 * (time.perf_counter() - started))
        for stage, took in subject.detector.detect(path).milliseconds.items():
            stages.setdefault(stage, []).append(took)
    times = {f"stage:{name}": np.array(values) for name, values in stages.items()}
    times |= {f"way:{name}": np.array(values) for name, values in spent.items()}
    facts = {"scans": len(rows), "threads": subject.settings.threads, "cores": os.cpu_count()}
    return Findings(medians(times, subject.replicates), facts=facts)


def medians(times: dict[str, Floats], replicates: int) -> dict[str, Entry]:
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
    return with_intervals(measure, {}, apart, np.zeros(count, np.int64), replicates)


def _whole(subject: Subject) -> Way:
    def run(frame: NDArray[np.uint8]) -> Any:
        return subject.say(frame)

    return run


def _bare(subject: Subject) -> Way:
    """Classification alone: the bare network of one with a mask, else every served graph cut at its logits."""
    artifact, contract = subject.detector.artifact, subject.card.contract
    if artifact.card.members:
        cards = [load_artifact(member.version, subject.settings).card for member in artifact.card.members]
        sessions = [_session(_cut(path), subject) for path in artifact.model_paths()]
        ensemble = Ensemble(artifact.card, [OnnxModel(*pair) for pair in zip(cards, sessions, strict=True)])
        return lambda frame: ensemble.run(to_batch(frame, contract))
    masked = subject.test.outputs.mask is not None
    content = _classifier(artifact.path("model.keras")) if masked else None
    session = _session(content or _cut(artifact.path(MODEL)), subject)
    name = session.get_inputs()[0].name
    return lambda frame: session.run([LOGITS], {name: to_batch(frame, contract)})


def _session(content: bytes, subject: Subject) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = subject.settings.threads
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _classifier(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    from braintumor.models.masked import bare
    from braintumor.models.saved import load_network
    from braintumor.training.export import graph_bytes

    return graph_bytes(bare(load_network(path)))


def _cut(whole: Path) -> bytes:
    from onnx.utils import extract_model

    name = onnxruntime.InferenceSession(str(whole), providers=["CPUExecutionProvider"]).get_inputs()[0].name
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        cut = Path(folder) / MODEL
        extract_model(str(whole), str(cut), [name], [LOGITS])
        return cut.read_bytes()


def _keras(subject: Subject) -> dict[str, Way]:
    path = subject.detector.artifact.path("model.keras")
    if not path.is_file():
        return {}
    from braintumor.models.saved import load_network

    model, contract = load_network(path), subject.card.contract
    return {"keras": lambda frame: model.predict(to_batch(frame, contract), verbose=0)}
