"""Compare versions fairly: the same scans, the same metrics, the same run; writes `outputs/comparison`."""

import io
import json
import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.evaluation.comparison.candidates import Candidate, CandidateStatus, find_candidates
from braintumor.evaluation.comparison.predictions import Predictions, TestScans, predict_cached
from braintumor.evaluation.comparison.rows import evaluated_row, untrained_row
from braintumor.evaluation.comparison.scores import correctness_by_metric
from braintumor.evaluation.evaluate import verdicts_of
from braintumor.evaluation.metrics.bootstrap import REPLICATES, MetricEntry
from braintumor.evaluation.metrics.paired import PAIR_REPLICATES, compare_pairs
from braintumor.evaluation.stress_test.latency import median_times
from braintumor.evaluation.stress_test.robustness import sample_across_groups
from braintumor.fileio import write_atomically
from braintumor.imaging import preprocess, read_scan
from braintumor.inference.detector import Detector
from braintumor.inference.registry import Artifact
from braintumor.results.comparison import (
    COMPARED_METRICS,
    COMPARISON_FILE,
    COMPARISON_FOLDER,
    COMPARISON_TABLE,
    read_comparison,
)
from braintumor.results.comparison_summary import comparison_table, summarize_comparison
from braintumor.settings import Settings, get_settings

TIMED_SCANS: Final = 60
_SAMPLING_SEED: Final = 0
_WARM_UP_SCANS: Final = 3
# Threads of ONNX Runtime wait busily for more work after a run: they shall not take time from the next version.
_PAUSE_SECONDS: Final = 0.02


def time_versions(
    artifacts: Sequence[Artifact], scans: TestScans, settings: Settings, replicates: int, count: int = TIMED_SCANS
) -> dict[str, MetricEntry]:
    """Median milliseconds of each version with its interval over scans.

    Scan by scan every version has its turn, each on its own frame of it, so that a busy moment of the machine meets
    all. Reading the file is not counted: it is the same for all.

    Parameters
    ----------
    count : int
        How many scans, dealt evenly over groups.
    """
    if not artifacts:
        return {}
    detectors = [Detector(artifact, settings) for artifact in artifacts]
    paths = scans.select(sample_across_groups(scans.groups, count, _SAMPLING_SEED)).paths(settings)
    spent: dict[str, list[float]] = {artifact.folder.name: [] for artifact in artifacts}
    first = paths[:_WARM_UP_SCANS]
    for number, path in enumerate(tqdm([*first, *paths], desc="time", unit="scan", disable=None)):
        scan = read_scan(path, settings=settings)
        for detector, name in zip(detectors, spent, strict=True):
            frame = preprocess(scan, detector.artifact.card.input_spec)[0][None]
            time.sleep(_PAUSE_SECONDS)
            took = _time_detection(detector, frame)
            if number >= len(first):
                spent[name].append(took)
    found = median_times({name: np.array(values) for name, values in spent.items()}, replicates)
    return {name: found[f"ms@{name}"] for name in spent}


def _time_detection(detector: Detector, model_input: NDArray[np.uint8]) -> float:
    started = time.perf_counter()
    outputs = detector.infer(model_input)
    verdicts_of(detector, outputs, detector.probabilities(outputs), model_input)
    return 1e3 * (time.perf_counter() - started)


EvaluatedCandidates = list[tuple[Candidate, Artifact]]


def compare_models(
    names: Sequence[str] = (),
    settings: Settings | None = None,
    *,
    restart: bool = False,
    replicates: int = REPLICATES,
    pair_replicates: int = PAIR_REPLICATES,
    timed_scans: int = TIMED_SCANS,
) -> str:
    """Measure versions on the test scans of the split by group, and write JSON, CSV and figures.

    Every version is asked about every scan once: answers of an unchanged model are kept in `outputs/comparison/work`,
    so that a comparison that was stopped goes on from there. Times are taken anew, of all versions in turn.

    Parameters
    ----------
    names : sequence of str
        Versions; by default all with a recipe, without runs under other protocols, seeds or without an origin. One
        that is not trained here gets a row with the command that trains it.
    restart : bool
        Ask again what was asked before.
    timed : int
        How many scans are timed.

    Returns
    -------
    str
        Who leads, which differences are real, and what is missing.

    Raises
    ------
    ArtifactError, DatasetError
        A version named is not there, or was trained on another split.
    """
    settings = settings or get_settings()
    field = find_candidates(names, settings)
    scans, folder = TestScans.load(settings), settings.outputs / COMPARISON_FOLDER
    work = folder / "work"
    known: EvaluatedCandidates = [
        (e, e.artifact) for e in field if e.artifact and e.status is CandidateStatus.EVALUATED
    ]
    paths = scans.paths(settings)
    answers = {e.version: predict_cached(a, paths, "test", work, settings, restart=restart) for e, a in known}
    rows = {
        e.version: evaluated_row(e, a, scans, answers[e.version], work, settings, replicates) for e, a in known
    }  # fmt: skip
    for version, entry in time_versions([a for _, a in known], scans, settings, replicates, timed_scans).items():
        rows[version]["milliseconds"] = entry
    content = {
        **_describe_run(scans, settings, replicates, pair_replicates),
        "versions": [rows.get(e.version) or untrained_row(e) for e in field],
        "pairs": _compare_all_pairs(known, answers, scans, pair_replicates),
        "about_pairs": (
            "Differences are a minus b on the same scans, by bootstrap over groups. Many pairs are compared: `real` is "
            "of each pair alone, and some of so many are real by chance; `holds` is after Holm's correction."
        ),
    }
    write_atomically(folder / COMPARISON_FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return _write_table_and_figures(settings)


def _compare_all_pairs(
    candidates: EvaluatedCandidates, predictions: dict[str, Predictions], scans: TestScans, replicates: int
) -> dict[str, Any]:
    found = {
        e.version: correctness_by_metric(predictions[e.version], scans, a.card.binary_threshold) for e, a in candidates
    }
    return {
        question: compare_pairs(
            {name: one[question] for name, one in found.items() if question in one},
            scans.groups, scans.labels, replicates,
        )
        for question in COMPARED_METRICS
    }  # fmt: skip


def _describe_run(scans: TestScans, settings: Settings, replicates: int, pair_replicates: int) -> dict[str, Any]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "scans": {"split": "test, by group", "n": len(scans.labels), "groups": len(set(scans.groups))},
        "replicates": {"intervals": replicates, "pairs": pair_replicates},
        "machine": {
            "cores": os.cpu_count(), "threads": settings.threads, "machine": platform.machine(),
            "system": platform.system(), "onnxruntime": installed("onnxruntime"),
        },
    }  # fmt: skip


def _write_table_and_figures(settings: Settings) -> str:
    """Table and figures from what was written, as every reader of it sees them."""
    import matplotlib.pyplot as plt

    from braintumor.evaluation.comparison.plots import plot_forest, plot_latency

    folder, found = settings.outputs / COMPARISON_FOLDER, read_comparison(settings)
    write_atomically(folder / COMPARISON_TABLE, comparison_table(found.rows).to_csv(index=False, lineterminator="\n"))
    for name, draw in (("accuracy-latency.png", plot_latency), ("accuracy.png", plot_forest)):
        figure, stream = draw(found.evaluated_rows), io.BytesIO()
        figure.savefig(stream, format="png", dpi=160)
        plt.close(figure)
        write_atomically(folder / "figures" / name, stream.getvalue())
    return summarize_comparison(found)
