"""Bench of exploration: averages of the whole set, ours against the original way, and the memory of `explore`."""

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
_TIMES_FASTER: Final = 3.0
_MEGABYTES: Final = 600.0
_DIFFERENCE: Final = 1e-4
_MIB: Final = 2**20 / 1e6
ABSENT: Final = (
    "Exploration was not measured: that takes the image set and its manifest. Get them with: braintumor data fetch, "
    "then braintumor data audit."
)


def compare_exploration(settings: Settings, repeats: int = REPEATS) -> dict[str, Any] | None:
    """Average the whole set in both ways, in turn, each time in a fresh process; then run all of `explore` once.

    Returns
    -------
    dict or None
        Plain data. `time_ratio` is the original's over our seconds from the start of the process to the averages (more
        is better), `largest_difference` that of any pixel of any map on a scale of 0 to 1, and `peak_megabytes` the
        most memory all of `explore` held. None where there are no images, or no manifest of them.
    """
    if not (settings.dataset.is_dir() and manifest_path(settings).is_file()):
        return None
    manifest = read_manifest(settings)
    files = {label: [str(settings.dataset / p) for p in part["path"]] for label, part in manifest.groupby("label")}
    where, n = (str(settings.inputs), str(settings.outputs)), len(manifest)
    ours, original = [], []
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder, _bar(2 * repeats + 1) as bar:
        results = Path(folder, "ours.npz"), Path(folder, "original.npz")
        for number in range(repeats):  # in turn, so that a busy moment of the machine meets both
            last = number == repeats - 1
            ours.append(run("averaging.ours", *where, str(results[0]), last, n=n))
            bar.update()
            original.append(run("averaging.original", files, str(results[1]), n=n))
            bar.update()
        whole = run("averaging.explore", where[0], _fresh_outputs(settings, Path(folder)), n=n)
        bar.update()
        apart = _largest_difference(*results), _largest_difference(*results, LUMA)
    return _found(ours, original, whole, n, apart)


def _bar(total: int) -> tqdm:
    return tqdm(total=total, desc="Exploring", unit="run", disable=None)


def _fresh_outputs(settings: Settings, folder: Path) -> str:
    """An outputs folder with what `explore` starts from and nothing that it writes."""
    target = folder / "dataset"
    target.mkdir()
    for name in (manifest_path(settings).name, NEAR_DUPLICATES_FILE):
        shutil.copy(settings.dataset_outputs / name, target / name)
    return str(folder)


def _largest_difference(ours: Path, original: Path, prefix: str = "") -> float:
    with np.load(ours) as mine, np.load(original) as theirs:
        return max(float(np.abs(mine[prefix + key] - theirs[key]).max()) for key in theirs.files)


def _found(
    ours: Sequence[Run], original: Sequence[Run], whole: Run, n: int, apart: tuple[float, float]
) -> dict[str, Any]:
    ways = {"ours": _medians(ours, n), "original": _medians(original, n)}
    found = {
        "n": n,
        "repeats": len(ours),
        "time_ratio": ways["original"]["seconds"] / ways["ours"]["seconds"],
        "work_ratio": ways["original"]["seconds_of_work"] / ways["ours"]["seconds_of_work"],
        "largest_difference": apart[0],
        "largest_difference_with_luma": apart[1],
        "peak_megabytes": whole.peak_megabytes * _MIB,
        "seconds_of_explore": whole.first_verdict,
        **ways,
    }
    bars = (
        ("time_ratio", _TIMES_FASTER, False),
        ("largest_difference", _DIFFERENCE, True),
        ("peak_megabytes", _MEGABYTES, True),
    )
    met = {name: found[name] <= bar if at_most else found[name] >= bar for name, bar, at_most in bars}
    return found | {"bars": {name: {"bar": bar, "at_most": m, "met": met[name]} for name, bar, m in bars}}


def _medians(runs: Sequence[Run], n: int) -> dict[str, Any]:
    return {
        "seconds": statistics.median(r.first_verdict for r in runs),
        "seconds_of_work": statistics.median(n / r.throughput for r in runs),
        "peak_megabytes": statistics.median(r.peak_megabytes for r in runs) * _MIB,
        "values": [r.first_verdict for r in runs],
    }


def exploration_table(found: dict[str, Any] | None) -> str:
    """Both ways in columns, for a person."""
    if found is None:
        return ABSENT
    ours, original = found["ours"], found["original"]
    lines = [
        f"explore: average and variability of {found['n']:,} images by class, {SIDE} x {SIDE}, median of "
        f"{found['repeats']}:",
        f"{'':<24}{'ours':>12}{'original':>12}   ratio",
        f"{'start to averages':<24}{ours['seconds']:>12.4g}{original['seconds']:>12.4g}   "
        f"{found['time_ratio']:.3g} ({_told(found, 'time_ratio')}) s",
        f"{'without loading code':<24}{ours['seconds_of_work']:>12.4g}{original['seconds_of_work']:>12.4g}   "
        f"{found['work_ratio']:.3g} s",
        f"{'peak memory':<24}{ours['peak_megabytes']:>12.4g}{original['peak_megabytes']:>12.4g}   MB",
        f"Largest difference of the results, 0 to 1: {found['largest_difference']:.1e} "
        f"({_told(found, 'largest_difference')}).",
        f"With the luma that JPEGs store, as explore reads them, instead of the grey of their colours: "
        f"{found['largest_difference_with_luma']:.1e}.",
        f"All of explore: {found['seconds_of_explore']:.3g} s, {found['peak_megabytes']:.0f} MB at its peak "
        f"({_told(found, 'peak_megabytes')}).",
    ]
    return "\n".join(lines)


def _told(found: dict[str, Any], name: str) -> str:
    bar = found["bars"][name]
    return f"{'at most' if bar['at_most'] else 'at least'} {bar['bar']:g}: {'met' if bar['met'] else 'NOT MET'}"
