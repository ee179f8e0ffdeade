"""Bench: throughput, cold start and memory of reading scans, ours against the original way, in one run."""

import json
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from braintumor.bench.process import Run, run
from braintumor.dataset.files import write_atomically
from braintumor.errors import ArtifactError, MissingExtraError
from braintumor.inference import load_artifact
from braintumor.reporting.finding import find_scans
from braintumor.reporting.predict import available_cores
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES

SCANS: Final = 200
REPEATS: Final = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """One comparison: which number of a run, what the ratio means, and the bar it has to clear."""

    ratio: str
    title: str
    unit: str
    of: Callable[[Run], float]
    upside_down: bool  # original over ours, where less is better and the bar asks how many times less
    bar: float
    at_most: bool

    def value(self, ours: float, original: float) -> float:
        """The ratio of two medians."""
        return original / ours if self.upside_down else ours / original

    def met(self, value: float) -> bool:
        """Whether the ratio clears the bar."""
        return value <= self.bar if self.at_most else value >= self.bar


MEASURES: Final = (
    Measure("throughput_ratio", "throughput", "images/s", lambda r: r.throughput, False, 5.0, at_most=False),
    Measure("cold_start_ratio", "start to first verdict", "s", lambda r: r.first_verdict, True, 5.0, at_most=False),
    Measure("memory_ratio", "peak memory", "MiB", lambda r: r.peak_megabytes, False, 0.25, at_most=True),
)


def bench(
    sources: Sequence[str | Path] = (),
    version: str | None = None,
    json_file: Path | None = None,
    settings: Settings | None = None,
    scans: int = SCANS,
    repeats: int = REPEATS,
) -> str:
    """Measure both ways in turn, each time in a fresh process, and compare the medians.

    Parameters
    ----------
    sources : sequence of str or Path
        Scans to read; by default the Testing set, or drawn phantoms where it is not at hand.
    version : str, optional
        Model to read with; it needs `model.keras` beside `model.onnx`.
    json_file : Path, optional
        Where to write every measurement. `throughput_ratio` is ours over the original's images a second (more is
        better), `cold_start_ratio` the original's over our seconds to a first verdict (more is better), and
        `memory_ratio` our peak memory over the original's (less is better).
    scans, repeats : int
        At most so many files, spread evenly over what was found; so many processes of each way.

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
    artifact = load_artifact(version or settings.version, settings)
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
    found = _found(ours, original) | _circumstances(artifact.card.version, len(files), origin, repeats)
    if json_file:
        write_atomically(json_file, json.dumps(found, indent=2) + "\n")
    return _table(found)


@contextmanager
def _files(sources: Sequence[str | Path], settings: Settings, count: int) -> Iterator[tuple[list[str], str]]:
    """Files to read, as absolute paths, and what they are."""
    testing = settings.dataset / "Testing"
    if sources or testing.is_dir():
        chosen = _spread_over(find_scans(sources or [testing]).files, count)
        yield [str(Path(file).absolute()) for file in chosen], "the files named" if sources else "the Testing set"
        return
    from braintumor.dataset.phantoms import write_phantoms

    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        write_phantoms(Path(folder), max(4, -(-count // len(CLASSES))))
        drawn = find_scans([Path(folder, name) for name in ("Training", "Testing")]).files
        yield _spread_over(drawn, count), "drawn phantoms (the Testing set is not at hand)"


def _spread_over(files: Sequence[str], count: int) -> list[str]:
    """At most so many of the files, evenly spaced, so that every class among them is met."""
    step = max(1.0, len(files) / count)
    return [files[int(i * step)] for i in range(min(count, len(files)))]


def _found(ours: Sequence[Run], original: Sequence[Run]) -> dict[str, Any]:
    """Ratios first, then each way's medians and every single value."""
    ratios: dict[str, float] = {}
    ways: dict[str, dict[str, Any]] = {"ours": {}, "original": {}}
    for measure in MEASURES:
        medians = {}
        for way, runs in (("ours", ours), ("original", original)):
            values = [measure.of(each) for each in runs]
            medians[way] = statistics.median(values)
            ways[way][measure.title] = {"unit": measure.unit, "median": medians[way], "values": values}
        ratios[measure.ratio] = measure.value(medians["ours"], medians["original"])
    stages = {
        stage: {key: statistics.median(r.stages[stage][key] for r in ours) for key in ("median", "p95")}
        for stage in ours[0].stages
    }
    bars = {m.ratio: {"bar": m.bar, "at_most": m.at_most, "met": m.met(ratios[m.ratio])} for m in MEASURES}
    return {**ratios, "bars": bars, **ways, "stages_ms": stages}


def _circumstances(version: str, n: int, origin: str, repeats: int) -> dict[str, Any]:
    return {
        "version": version,
        "n": n,
        "files": origin,
        "repeats": repeats,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": available_cores(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: installed(name) for name in ("onnxruntime", "pillow", "numpy", "keras", "tensorflow")},
    }


def _table(found: dict[str, Any]) -> str:
    lines = [
        f"{found['version']} on {found['n']} scans ({found['files']}), {found['cores']} cores, "
        f"median of {found['repeats']}:",
        f"{'':<24}{'ours':>12}{'original':>12}   ratio",
    ]
    for measure in MEASURES:
        ours, original = (found[way][measure.title]["median"] for way in ("ours", "original"))
        limit = f"{'at most' if measure.at_most else 'at least'} {measure.bar:g}"
        met = "met" if found["bars"][measure.ratio]["met"] else "NOT MET"
        lines.append(
            f"{measure.title:<24}{ours:>12.4g}{original:>12.4g}   {found[measure.ratio]:.3g} ({limit}: {met}) "
            f"{measure.unit}"
        )
    stages = ", ".join(f"{name} {spread['median']:.2f}" for name, spread in found["stages_ms"].items())
    return "\n".join([*lines, f"Milliseconds a scan, one after another: {stages}."])
