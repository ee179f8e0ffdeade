"""Benchmark of exploration: class averages by both methods, and the memory of `braintumor explore`."""

import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from benchmarks.baseline.averaging import LUMA, SIDE
from benchmarks.baseline.process import Run, run
from braintumor.datasets.manifest import manifest_path, read_manifest
from braintumor.exploration.leakage_report import NEAR_DUPLICATES_FILE
from braintumor.settings import Settings

REPEATS: Final = 3
_MIN_TIME_RATIO: Final = 3.0
_MAX_MEGABYTES: Final = 600.0
_MAX_DIFFERENCE: Final = 1e-4
_MIB: Final = 2**20 / 1e6
NO_IMAGE_SET: Final = (
    "Exploration was not measured, because the image set or its manifest is missing. Create them with: "
    "braintumor data fetch, then braintumor data audit."
)


def compare_exploration(settings: Settings, repeats: int = REPEATS) -> dict[str, Any] | None:
    """Average the whole set by both methods, alternating, each in a new process; then run `explore` once.

    Returns
    -------
    dict or None
        Plain data. `time_ratio` is the original's time from process start to the averages divided by ours (more is
        better), `largest_difference` the largest difference of any pixel of any map on a scale of 0 to 1, and
        `peak_megabytes` the peak memory of `explore`. None without images or manifest.
    """
    if not (settings.dataset.is_dir() and manifest_path(settings).is_file()):
        return None
    manifest = read_manifest(settings)
    files = {label: [str(settings.dataset / p) for p in part["path"]] for label, part in manifest.groupby("label")}
    folders, n = (str(settings.inputs), str(settings.outputs)), len(manifest)
    ours, original = [], []
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder, _progress(2 * repeats + 1) as progress:
        results = Path(folder, "ours.npz"), Path(folder, "original.npz")
        for number in range(repeats):  # alternating, so that other load on the machine affects both
            is_last = number == repeats - 1
            ours.append(run("averaging.ours", *folders, str(results[0]), is_last, n=n))
            progress.update()
            original.append(run("averaging.original", files, str(results[1]), n=n))
            progress.update()
        explore_run = run("averaging.explore", folders[0], _fresh_outputs(settings, Path(folder)), n=n)
        progress.update()
        differences = _largest_difference(*results), _largest_difference(*results, LUMA)
    return _build_result(ours, original, explore_run, n, differences)


def _progress(total: int) -> tqdm:
    return tqdm(total=total, desc="Exploring", unit="run", disable=None)


def _fresh_outputs(settings: Settings, folder: Path) -> str:
    """Create an outputs folder with the inputs of `explore` and none of its results."""
    target = folder / "dataset"
    target.mkdir()
    for name in (manifest_path(settings).name, NEAR_DUPLICATES_FILE):
        shutil.copy(settings.dataset_outputs / name, target / name)
    return str(folder)


def _largest_difference(ours: Path, original: Path, prefix: str = "") -> float:
    with np.load(ours) as our_maps, np.load(original) as original_maps:
        keys = original_maps.files
        return max(float(np.abs(our_maps[prefix + key] - original_maps[key]).max()) for key in keys)


def _build_result(
    ours: Sequence[Run], original: Sequence[Run], explore_run: Run, n: int, differences: tuple[float, float]
) -> dict[str, Any]:
    methods = {"ours": _medians(ours, n), "original": _medians(original, n)}
    result = {
        "n": n,
        "repeats": len(ours),
        "time_ratio": methods["original"]["seconds"] / methods["ours"]["seconds"],
        "work_ratio": methods["original"]["seconds_of_work"] / methods["ours"]["seconds_of_work"],
        "largest_difference": differences[0],
        "largest_difference_with_luma": differences[1],
        "peak_megabytes": explore_run.peak_megabytes * _MIB,
        "seconds_of_explore": explore_run.first_verdict,
        **methods,
    }
    bars = (
        ("time_ratio", _MIN_TIME_RATIO, False),
        ("largest_difference", _MAX_DIFFERENCE, True),
        ("peak_megabytes", _MAX_MEGABYTES, True),
    )
    met = {name: result[name] <= bar if at_most else result[name] >= bar for name, bar, at_most in bars}
    return result | {"bars": {name: {"bar": bar, "at_most": m, "met": met[name]} for name, bar, m in bars}}


def _medians(runs: Sequence[Run], n: int) -> dict[str, Any]:
    return {
        "seconds": statistics.median(r.first_verdict for r in runs),
        "seconds_of_work": statistics.median(n / r.throughput for r in runs),
        "peak_megabytes": statistics.median(r.peak_megabytes for r in runs) * _MIB,
        "values": [r.first_verdict for r in runs],
    }


def format_exploration(result: dict[str, Any] | None) -> str:
    """Format both methods as columns of a table."""
    if result is None:
        return NO_IMAGE_SET
    ours, original = result["ours"], result["original"]
    lines = [
        f"explore: average and variability of {result['n']:,} images by class, {SIDE} x {SIDE}, median of "
        f"{result['repeats']}:",
        f"{'':<24}{'ours':>12}{'original':>12}   ratio",
        f"{'start to averages':<24}{ours['seconds']:>12.4g}{original['seconds']:>12.4g}   "
        f"{result['time_ratio']:.3g} ({_target_text(result, 'time_ratio')}) s",
        f"{'without imports':<24}{ours['seconds_of_work']:>12.4g}{original['seconds_of_work']:>12.4g}   "
        f"{result['work_ratio']:.3g} s",
        f"{'peak memory':<24}{ours['peak_megabytes']:>12.4g}{original['peak_megabytes']:>12.4g}   MB",
        f"Largest difference of the results, 0 to 1: {result['largest_difference']:.1e} "
        f"({_target_text(result, 'largest_difference')}).",
        f"With the luma of the JPEGs, as explore reads them, instead of the converted grey: "
        f"{result['largest_difference_with_luma']:.1e}.",
        f"The whole explore command: {result['seconds_of_explore']:.3g} s, {result['peak_megabytes']:.0f} MB "
        f"peak memory ({_target_text(result, 'peak_megabytes')}).",
    ]
    return "\n".join(lines)


def _target_text(result: dict[str, Any], name: str) -> str:
    bar = result["bars"][name]
    return f"{'at most' if bar['at_most'] else 'at least'} {bar['bar']:g}: {'met' if bar['met'] else 'NOT MET'}"
