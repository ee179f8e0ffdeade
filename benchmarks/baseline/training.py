"""Benchmark of training: images per second of v1 with our input pipeline and with the original one."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from benchmarks.baseline.process import Run, run
from benchmarks.baseline.training_methods import DECODING, VERSION
from braintumor.datasets.catalog import SPLIT_FOLDERS
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.enums import CLASS_NAMES
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings

REPEATS: Final = 3
IMAGES: Final = 960
_MIN_RATIO: Final = 4.0
_METHODS: Final = ("ours", "ours_in_float32", "original")


def compare_training(settings: Settings, repeats: int = REPEATS, images: int = IMAGES) -> dict[str, Any]:
    """Train the network of v1 by both methods, alternating, each in a new process, on the same images.

    Returns
    -------
    dict
        Plain data. `throughput_ratio` is our images per second during training divided by the original's (more is
        better). Our pipeline decodes every image once in advance, the original each time it is used:
        `throughput_ratio_first_pass` includes that decoding for a single use of each image,
        `throughput_ratio_whole_run` for all uses of the recipe. `throughput_ratio_in_float32` is the first ratio
        without bfloat16, which the original does not use.
    """
    recipe = load_recipe(VERSION, settings)
    runs: dict[str, list[Run]] = {method: [] for method in _METHODS}
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        n, description = _link_images(Path(folder), settings, images)
        with tqdm(total=len(_METHODS) * repeats, desc="Training", unit="run", disable=None) as progress:
            for _ in range(repeats):  # alternating, so that other load on the machine affects all
                for method in _METHODS:
                    name, _, precision = method.partition("_in_")
                    options = (precision,) if precision else ()
                    runs[method].append(run(f"training_methods.{name}", folder, *options, n=n))
                    progress.update()
    return _build_result(runs, recipe, n) | {"files": description}


def _link_images(folder: Path, settings: Settings, count: int) -> tuple[int, str]:
    """Link about `count` images into the Training folder of an image set; returns their number and a description."""
    description, dataset = "the Training set", settings.dataset
    if not (dataset / SPLIT_FOLDERS[0]).is_dir():
        description, dataset = "phantoms (the Training set is missing)", folder / "phantoms"
        write_phantoms(dataset, max(4, -(-count // len(CLASS_NAMES))))
    target = settings.model_copy(update={"inputs": folder}).dataset / SPLIT_FOLDERS[0]
    linked = 0
    for label in CLASS_NAMES:
        files = sorted(path for path in (dataset / SPLIT_FOLDERS[0] / label).iterdir() if path.is_file())
        (target / label).mkdir(parents=True)
        step = max(1.0, len(files) * len(CLASS_NAMES) / count)
        for number in range(min(len(files), count // len(CLASS_NAMES))):
            file = files[int(number * step)]
            (target / label / file.name).symlink_to(file.absolute())
            linked += 1
    return linked, description


def _build_result(runs: dict[str, list[Run]], recipe: Recipe, n: int) -> dict[str, Any]:
    medians = {method: _medians(method_runs) for method, method_runs in runs.items()}
    ours, original = medians["ours"]["images_per_second"], medians["original"]["images_per_second"]
    decoding = statistics.median(run.stages[DECODING]["seconds"] for run in runs["ours"])

    def with_decoding(repeats: int) -> float:
        return float(n * repeats / (decoding + n * repeats / ours))

    result = {
        "version": VERSION,
        "n": n,
        "repeats": len(runs["ours"]),
        "throughput_ratio": ours / original,
        "throughput_ratio_whole_run": with_decoding(recipe.fit.epochs * recipe.fit.repeats_per_epoch) / original,
        "throughput_ratio_first_pass": with_decoding(1) / original,
        "throughput_ratio_in_float32": medians["ours_in_float32"]["images_per_second"] / original,
        "seconds_of_decoding": decoding,
        "passes": recipe.fit.epochs * recipe.fit.repeats_per_epoch,
        "precision": recipe.fit.precision,
        **medians,
    }
    met = result["throughput_ratio"] >= _MIN_RATIO
    return result | {"bars": {"throughput_ratio": {"bar": _MIN_RATIO, "at_most": False, "met": met}}}


def _medians(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "images_per_second": statistics.median(run.throughput for run in runs),
        "peak_megabytes": statistics.median(run.peak_megabytes for run in runs),
        "values": [run.throughput for run in runs],
    }


def format_training(result: dict[str, Any]) -> str:
    """Format all methods as columns of a table."""
    bar = result["bars"]["throughput_ratio"]
    target = f"at least {bar['bar']:g}: {'met' if bar['met'] else 'NOT MET'}"
    speeds = [result[method]["images_per_second"] for method in _METHODS]
    peaks = [result[method]["peak_megabytes"] for method in _METHODS]
    lines = [
        f"Training {result['version']} on {result['n']} images ({result['files']}), median of {result['repeats']}:",
        f"{'':<24}{'ours':>12}{'in float32':>12}{'original':>12}   ratio",
        f"{'throughput':<24}{speeds[0]:>12.4g}{speeds[1]:>12.4g}{speeds[2]:>12.4g}   "
        f"{result['throughput_ratio']:.3g} ({target}) images/s",
        f"{'peak memory':<24}{peaks[0]:>12.4g}{peaks[1]:>12.4g}{peaks[2]:>12.4g}   MiB",
        f"Our recipe computes in {result['precision']}; in float32, as in the original, the ratio is "
        f"{result['throughput_ratio_in_float32']:.3g}.",
        f"Decoding all images in advance took {result['seconds_of_decoding']:.3g} s. Including it, the ratio is "
        f"{result['throughput_ratio_whole_run']:.3g} for the {result['passes']} uses of an image in the recipe, "
        f"and {result['throughput_ratio_first_pass']:.3g} for a single use.",
    ]
    return "\n".join(lines)
