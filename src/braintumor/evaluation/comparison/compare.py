"""Compare models on the same scans with the same metrics, and write `outputs/comparison`."""

import io
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import Any

from braintumor.evaluation.comparison.candidates import Candidate, CandidateStatus, find_candidates
from braintumor.evaluation.comparison.predictions import Predictions, predict_cached
from braintumor.evaluation.comparison.rows import evaluated_row, untrained_row
from braintumor.evaluation.comparison.scans import CommonScans
from braintumor.evaluation.comparison.scores import correctness_by_metric
from braintumor.evaluation.comparison.timing import TIMED_SCANS, time_versions
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.metrics.paired import PAIR_REPLICATES, compare_pairs
from braintumor.fileio import write_atomically
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
    """Evaluate models on the test scans of the group split, and write JSON, CSV and figures.

    Predictions of unchanged models are cached in `outputs/comparison/work`, so that an interrupted comparison can be
    resumed. Times are always measured again, with the models in turn.

    Parameters
    ----------
    names : sequence of str
        Models to compare; by default all with a recipe, trained with the group protocol on the whole dataset. A model
        that is not trained gets a row with the command that trains it.
    restart : bool
        Ignore cached predictions.
    timed_scans : int
        Number of scans to time.

    Returns
    -------
    str
        The best model, the significant differences, and what is missing.

    Raises
    ------
    ArtifactError, DatasetError
        A named model does not exist, or was trained on another split.
    """
    settings = settings or get_settings()
    candidates = find_candidates(names, settings)
    scans, folder = CommonScans.load(settings), settings.outputs / COMPARISON_FOLDER
    work = folder / "work"
    evaluated: EvaluatedCandidates = [
        (candidate, candidate.artifact)
        for candidate in candidates
        if candidate.artifact and candidate.status is CandidateStatus.EVALUATED
    ]
    paths = scans.paths(settings)
    predictions: dict[str, Predictions] = {}
    rows: dict[str, dict[str, Any]] = {}
    for candidate, artifact in evaluated:
        predicted = predict_cached(artifact, paths, "test", work, settings, restart=restart)
        predictions[candidate.version] = predicted
        rows[candidate.version] = evaluated_row(candidate, artifact, scans, predicted, work, settings, replicates)
    artifacts = [artifact for _, artifact in evaluated]
    for version, entry in time_versions(artifacts, scans, settings, replicates, timed_scans).items():
        rows[version]["milliseconds"] = entry
    content = {
        **_describe_run(scans, settings, replicates, pair_replicates),
        "versions": [rows.get(candidate.version) or untrained_row(candidate) for candidate in candidates],
        "pairs": _compare_all_pairs(evaluated, predictions, scans, pair_replicates),
        "about_pairs": (
            "Differences are a minus b on the same scans, with a bootstrap over groups. `real` tests each pair alone, "
            "so that some of the many pairs differ by chance; `holds` applies Holm's correction."
        ),
    }
    write_atomically(folder / COMPARISON_FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return _write_table_and_figures(settings)


def _compare_all_pairs(
    candidates: EvaluatedCandidates, predictions: dict[str, Predictions], scans: CommonScans, replicates: int
) -> dict[str, Any]:
    correct = {
        candidate.version: correctness_by_metric(predictions[candidate.version], scans, artifact.card.binary_threshold)
        for candidate, artifact in candidates
    }
    pairs = {}
    for metric in COMPARED_METRICS:
        columns = {version: metrics[metric] for version, metrics in correct.items() if metric in metrics}
        pairs[metric] = compare_pairs(columns, scans.groups, scans.labels, replicates)
    return pairs


def _describe_run(scans: CommonScans, settings: Settings, replicates: int, pair_replicates: int) -> dict[str, Any]:
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
    """Write table and figures from the stored comparison, as pages read it."""
    import matplotlib.pyplot as plt

    from braintumor.evaluation.comparison.plots import plot_forest, plot_latency

    folder, comparison = settings.outputs / COMPARISON_FOLDER, read_comparison(settings)
    write_atomically(
        folder / COMPARISON_TABLE, comparison_table(comparison.rows).to_csv(index=False, lineterminator="\n")
    )
    for name, plot in (("accuracy-latency.png", plot_latency), ("accuracy.png", plot_forest)):
        figure, stream = plot(comparison.evaluated_rows), io.BytesIO()
        figure.savefig(stream, format="png", dpi=160)
        plt.close(figure)
        write_atomically(folder / "figures" / name, stream.getvalue())
    return summarize_comparison(comparison)
