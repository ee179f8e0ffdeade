"""Bench: reading, averaging and training, ours against the original way, side by side in one run."""

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

from benchmarks.baseline.comparison import compared, table
from benchmarks.baseline.explore import compare_exploration, exploration_table
from benchmarks.baseline.process import run
from benchmarks.baseline.training import compare_training, training_table
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


def bench(
    sources: Sequence[str | Path] = (),
    version: str | None = None,
    json_file: Path | None = None,
    settings: Settings | None = None,
    scans: int = SCANS,
    repeats: int = REPEATS,
    only: Part | None = None,
) -> str:
    """Measure both ways in turn, each time in a fresh process, and compare the medians.

    Exploration is measured on the whole image set, where it is at hand, and training on part of it or on phantoms; both
    only where no scans are named.

    Parameters
    ----------
    sources : sequence of str or Path
        Scans to read; by default the Testing set, or drawn phantoms where it is not at hand.
    version : str, optional
        Model to read with; it needs `model.keras` beside `model.onnx`.
    json_file : Path, optional
        Where to write every measurement. `throughput_ratio` is ours over the original's images a second (more is
        better), `cold_start_ratio` the original's over our seconds to a first verdict (more is better), and
        `memory_ratio` our peak memory over the original's (less is better). `explore` is what `compare_exploration`
        returns, `training` what `compare_training` does.
    scans, repeats : int
        At most so many files, spread evenly over what was found; so many processes of each way.
    only : {"reading", "explore", "training"}, optional
        One part alone.

    Returns
    -------
    str
        A table for a person.

    Raises
    ------
    MissingExtraError
        Keras is not installed, so that the original way cannot run.
    ArtifactError, ScanError
        There is no such model, or nothing to read.
    """
    settings = settings or get_settings()
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        raise MissingExtraError("keras")
    found: dict[str, Any] = {}
    said = []
    if only in (None, "reading"):
        found = _reading(sources, version or settings.version, settings, scans, repeats)
        said.append(table(found))
    if only == "explore" or (only is None and not sources):
        found["explore"] = compare_exploration(settings)
        said.append(exploration_table(found["explore"]))
    if only == "training" or (only is None and not sources):
        found["training"] = compare_training(settings)
        said.append(training_table(found["training"]))
    if json_file:
        write_atomically(json_file, json.dumps(found | _circumstances(), indent=2) + "\n")
    return "\n\n".join(said)


def _reading(
    sources: Sequence[str | Path], version: str, settings: Settings, scans: int, repeats: int
) -> dict[str, Any]:
    """Both ways of reading scans, compared."""
    artifact = load_artifact(version, settings)
    keras_model = artifact.path("model.keras")
    if not keras_model.is_file():
        raise ArtifactError(
            f"{artifact.card.version}: model.keras is missing, so the original way cannot be timed. "
            f"Restore it with: git checkout -- outputs, or train again with: braintumor train {artifact.card.version}"
        )
    with _files(sources, settings, scans) as (files, origin):
        ours, original = [], []
        with tqdm(total=2 * repeats, desc="Timing", unit="run", disable=None) as bar:
            for _ in range(repeats):  # in turn, so that a busy moment of the machine meets both
                ours.append(run("ours", artifact.card.version, files, available_cores(), n=len(files)))
                bar.update()
                original.append(run("original", str(keras_model), files, n=len(files)))
                bar.update()
    about = {"version": artifact.card.version, "n": len(files), "files": origin, "repeats": repeats}
    return compared(ours, original) | about | {"cores": available_cores()}


@contextmanager
def _files(sources: Sequence[str | Path], settings: Settings, count: int) -> Iterator[tuple[list[str], str]]:
    """Files to read, as absolute paths, and what they are."""
    testing = settings.dataset / "Testing"
    if sources or testing.is_dir():
        chosen = _spread_over(discover_files(sources or [testing]).files, count)
        yield [str(Path(file).absolute()) for file in chosen], "the files named" if sources else "the Testing set"
        return
    from braintumor.datasets.phantom_sets import write_phantoms

    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        write_phantoms(Path(folder), max(4, -(-count // len(CLASSES))))
        drawn = discover_files([Path(folder, name) for name in ("Training", "Testing")]).files
        yield _spread_over(drawn, count), "drawn phantoms (the Testing set is not at hand)"


def _spread_over(files: Sequence[str], count: int) -> list[str]:
    """At most so many of the files, evenly spaced, so that every class among them is met."""
    step = max(1.0, len(files) / count)
    return [files[int(i * step)] for i in range(min(count, len(files)))]


def _circumstances() -> dict[str, Any]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": available_cores(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: installed(name) for name in ("onnxruntime", "pillow", "numpy", "keras", "tensorflow")},
    }
