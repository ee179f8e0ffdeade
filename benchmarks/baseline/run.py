"""Benchmark of prediction, exploration and training against the original project, in one run."""

import json
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from tqdm import tqdm

from benchmarks.baseline.comparison import compare_runs, format_comparison
from benchmarks.baseline.explore import compare_exploration, format_exploration
from benchmarks.baseline.process import run
from benchmarks.baseline.training import compare_training, format_training
from braintumor.enums import CLASSES
from braintumor.errors import ArtifactError, MissingExtraError
from braintumor.fileio import write_atomically
from braintumor.inference import load_artifact
from braintumor.services.batch_predict import available_cores
from braintumor.services.file_discovery import discover_files
from braintumor.settings import Settings, get_settings

SCANS: Final = 200
REPEATS: Final = 5
Part = Literal["reading", "explore", "training"]


def run_benchmark(
    sources: Sequence[str | Path] = (),
    version: str | None = None,
    json_file: Path | None = None,
    settings: Settings | None = None,
    scans: int = SCANS,
    repeats: int = REPEATS,
    only: Part | None = None,
) -> str:
    """Measure both methods, alternating and each in a new process, and compare the medians.

    Exploration is measured on the whole image set if it is present, training on part of it or on phantoms; both only
    if no scans are given.

    Parameters
    ----------
    sources : sequence of str or Path
        Scans to predict; by default the Testing set, or phantoms if it is missing.
    version : str, optional
        Model with both `model.onnx` and `model.keras`.
    json_file : Path, optional
        File for all measurements. `throughput_ratio` is our images per second divided by the original's (more is
        better), `cold_start_ratio` the original's seconds to a first verdict divided by ours (more is better), and
        `memory_ratio` our peak memory divided by the original's (less is better). `explore` is the result of
        `compare_exploration`, `training` that of `compare_training`.
    scans, repeats : int
        Maximum number of files, spread evenly over the available ones; number of processes of each method.
    only : {"reading", "explore", "training"}, optional
        Run only this comparison.

    Returns
    -------
    str
        Tables for the user.

    Raises
    ------
    MissingExtraError
        Keras is not installed, which the original needs.
    ArtifactError, ScanError
        There is no such model, or no scan.
    """
    settings = settings or get_settings()
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        raise MissingExtraError("keras")
    result: dict[str, Any] = {}
    tables = []
    if only in (None, "reading"):
        result = _compare_prediction(sources, version or settings.version, settings, scans, repeats)
        tables.append(format_comparison(result))
    if only == "explore" or (only is None and not sources):
        result["explore"] = compare_exploration(settings)
        tables.append(format_exploration(result["explore"]))
    if only == "training" or (only is None and not sources):
        result["training"] = compare_training(settings)
        tables.append(format_training(result["training"]))
    if json_file:
        write_atomically(json_file, json.dumps(result | _environment(), indent=2) + "\n")
    return "\n\n".join(tables)


def _compare_prediction(
    sources: Sequence[str | Path], version: str, settings: Settings, scans: int, repeats: int
) -> dict[str, Any]:
    """Compare both methods of prediction."""
    artifact = load_artifact(version, settings)
    keras_model = artifact.path("model.keras")
    if not keras_model.is_file():
        raise ArtifactError(
            f"{artifact.card.version}: model.keras is missing, so the original cannot be timed. "
            f"Restore it with: git checkout -- outputs, or train again with: braintumor train {artifact.card.version}"
        )
    with _scan_files(sources, settings, scans) as (files, description):
        ours, original = [], []
        with tqdm(total=2 * repeats, desc="Timing", unit="run", disable=None) as progress:
            for _ in range(repeats):  # alternating, so that other load on the machine affects both
                ours.append(run("ours", artifact.card.version, files, available_cores(), n=len(files)))
                progress.update()
                original.append(run("original", str(keras_model), files, n=len(files)))
                progress.update()
    conditions = {"version": artifact.card.version, "n": len(files), "files": description, "repeats": repeats}
    return compare_runs(ours, original) | conditions | {"cores": available_cores()}


@contextmanager
def _scan_files(sources: Sequence[str | Path], settings: Settings, count: int) -> Iterator[tuple[list[str], str]]:
    """Yield the absolute paths of the scans and a description."""
    testing = settings.dataset / "Testing"
    if sources or testing.is_dir():
        selected = _sample_evenly(discover_files(sources or [testing]).files, count)
        yield [str(Path(file).absolute()) for file in selected], "the given files" if sources else "the Testing set"
        return
    from braintumor.datasets.phantom_sets import write_phantoms

    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        write_phantoms(Path(folder), max(4, -(-count // len(CLASSES))))
        phantoms = discover_files([Path(folder, name) for name in ("Training", "Testing")]).files
        yield _sample_evenly(phantoms, count), "phantoms (the Testing set is missing)"


def _sample_evenly(files: Sequence[str], count: int) -> list[str]:
    """Return at most `count` evenly spaced files, so that every class is included."""
    step = max(1.0, len(files) / count)
    return [files[int(i * step)] for i in range(min(count, len(files)))]


def _environment() -> dict[str, Any]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": available_cores(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: installed(name) for name in ("onnxruntime", "pillow", "numpy", "keras", "tensorflow")},
    }
