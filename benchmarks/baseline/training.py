"""Bench of training: images a second of v1 through our input pipeline against the original one, side by side."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from benchmarks.baseline.process import Run, run
from benchmarks.baseline.training_ways import DECODING, VERSION
from braintumor.datasets.catalog import SPLIT_FOLDERS
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.enums import CLASS_NAMES
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings

REPEATS: Final = 3
IMAGES: Final = 960
_TIMES_FASTER: Final = 4.0
_WAYS: Final = ("ours", "ours_in_float32", "original")


def compare_training(settings: Settings, repeats: int = REPEATS, images: int = IMAGES) -> dict[str, Any]:
    """Train v1's network in both ways, in turn, each time in a fresh process, on the same folder of images.

    Returns
    -------
    dict
        Plain data. `throughput_ratio` is ours over the original's images a second while training, more is better.
        Ours decodes every image once, before, and the original each time it shows it: `throughput_ratio_first_pass`
        counts that as if each image were shown once and never again, `throughput_ratio_whole_run` as often as the
        recipe shows it. `throughput_ratio_in_float32` is the first ratio without the recipe's bfloat16, which the
        original has not.
    """
    recipe = load_recipe(VERSION, settings)
    runs: dict[str, list[Run]] = {way: [] for way in _WAYS}
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        n, origin = _folder_of_images(Path(folder), settings, images)
        with tqdm(total=len(_WAYS) * repeats, desc="Training", unit="run", disable=None) as bar:
            for _ in range(repeats):  # in turn, so that a busy moment of the machine meets all
                for way in _WAYS:
                    name, _, precision = way.partition("_in_")
                    options = (precision,) if precision else ()
                    runs[way].append(run(f"training_ways.{name}", folder, *options, n=n))
                    bar.update()
    return _found(runs, recipe, n) | {"files": origin}


def _folder_of_images(folder: Path, settings: Settings, count: int) -> tuple[int, str]:
    """An image set of about so many images, all in Training, as links; how many, and what they are."""
    origin, dataset = "the Training set", settings.dataset
    if not (dataset / SPLIT_FOLDERS[0]).is_dir():
        origin, dataset = "drawn phantoms (the Training set is not at hand)", folder / "phantoms"
        write_phantoms(dataset, max(4, -(-count // len(CLASS_NAMES))))
    target = settings.model_copy(update={"inputs": folder}).dataset / SPLIT_FOLDERS[0]
    made = 0
    for label in CLASS_NAMES:
        files = sorted(path for path in (dataset / SPLIT_FOLDERS[0] / label).iterdir() if path.is_file())
        (target / label).mkdir(parents=True)
        step = max(1.0, len(files) * len(CLASS_NAMES) / count)
        for number in range(min(len(files), count // len(CLASS_NAMES))):
            file = files[int(number * step)]
            (target / label / file.name).symlink_to(file.absolute())
            made += 1
    return made, origin


def _found(runs: dict[str, list[Run]], recipe: Recipe, n: int) -> dict[str, Any]:
    medians = {way: _medians(of_way) for way, of_way in runs.items()}
    ours, original = medians["ours"]["images_per_second"], medians["original"]["images_per_second"]
    decoding = statistics.median(each.stages[DECODING]["seconds"] for each in runs["ours"])

    def with_decoding(passes: int) -> float:
        return float(n * passes / (decoding + n * passes / ours))

    found = {
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
    met = found["throughput_ratio"] >= _TIMES_FASTER
    return found | {"bars": {"throughput_ratio": {"bar": _TIMES_FASTER, "at_most": False, "met": met}}}


def _medians(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "images_per_second": statistics.median(each.throughput for each in runs),
        "peak_megabytes": statistics.median(each.peak_megabytes for each in runs),
        "values": [each.throughput for each in runs],
    }


def training_table(found: dict[str, Any]) -> str:
    """All ways in columns, for a person."""
    bar = found["bars"]["throughput_ratio"]
    told = f"at least {bar['bar']:g}: {'met' if bar['met'] else 'NOT MET'}"
    speeds = [found[way]["images_per_second"] for way in _WAYS]
    peaks = [found[way]["peak_megabytes"] for way in _WAYS]
    lines = [
        f"Training {found['version']} on {found['n']} images ({found['files']}), median of {found['repeats']}:",
        f"{'':<24}{'ours':>12}{'in float32':>12}{'original':>12}   ratio",
        f"{'throughput':<24}{speeds[0]:>12.4g}{speeds[1]:>12.4g}{speeds[2]:>12.4g}   "
        f"{found['throughput_ratio']:.3g} ({told}) images/s",
        f"{'peak memory':<24}{peaks[0]:>12.4g}{peaks[1]:>12.4g}{peaks[2]:>12.4g}   MiB",
        f"Ours computes in {found['precision']}, as the recipe says; in float32, as the original, the ratio is "
        f"{found['throughput_ratio_in_float32']:.3g}.",
        f"Decoding all images once, before, took {found['seconds_of_decoding']:.3g} s. With it the ratio is "
        f"{found['throughput_ratio_whole_run']:.3g} over the {found['passes']} times the recipe may show an image, "
        f"and {found['throughput_ratio_first_pass']:.3g} if each were shown but once.",
    ]
    return "\n".join(lines)
