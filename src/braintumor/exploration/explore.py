"""The `explore` command: one pass over the images, and everything the Visualizer page and the notebooks read."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.masks import find_mask_source, masks_folder
from braintumor.enums import CLASS_NAMES, Plane
from braintumor.exploration import statistics
from braintumor.exploration.accumulators import ImageTask
from braintumor.exploration.effect_size import FDR_LEVELS, MIN_GROUPS, compute_effect
from braintumor.exploration.image_features import IMAGE_FEATURES, TUMOR_FEATURES
from braintumor.exploration.leakage_report import load_leakage_report
from braintumor.exploration.shortcut import measure_all_shortcuts
from braintumor.exploration.statistics import ALL_PLANES, Meta
from braintumor.exploration.statistics_accumulator import StatisticsAccumulator
from braintumor.exploration.streaming import accumulate_statistics, compute_fingerprint
from braintumor.fileio import write_atomically
from braintumor.imaging import InputSpec
from braintumor.settings import Settings, get_settings


def tabulate_effects(arrays: dict[str, NDArray], meta: Meta) -> dict[str, Any]:
    """For each pair and plane: groups on each side, the share of the frame that differs, the largest effect."""
    report = {}
    for key in sorted(k for k in arrays if k.startswith("effect/")):
        _, a, b, plane = key.split("/")
        size, passed = arrays[key], arrays[key.replace("effect/", "significance/")]
        report[f"{a}/{b}/{plane}"] = {
            "groups": [meta.groups[a][plane], meta.groups[b][plane]],
            "share_significant": {str(level): float((passed > i).mean()) for i, level in enumerate(FDR_LEVELS)},
            "largest": float(np.abs(size).max()),
        }
    return report


def tabulate_tumors(tumors: pd.DataFrame) -> dict[str, Any]:
    """For each class: quartiles of each measure, the number of tumours and of independent groups."""
    found = compute_quartiles(tumors, TUMOR_FEATURES)
    for label, part in tumors.groupby("label"):
        found[str(label)] |= {"n": len(part), "groups": int(part["group"].nunique())}
    return found


def compute_quartiles(features: pd.DataFrame, names: dict[str, str]) -> dict[str, Any]:
    """Quartiles of each column by label."""
    return {
        str(label): {
            name: dict(zip(("q25", "median", "q75"), np.percentile(part[name], [25, 50, 75]).tolist(), strict=True))
            for name in names
        }
        for label, part in features.groupby("label")
    }


def round_floats(value: Any) -> Any:
    """Numbers to six significant digits, so that a file differs only where the data does."""
    if isinstance(value, dict):
        return {key: round_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [round_floats(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


# The frame that averages are made on: head cut out, aspect kept, so that heads of all sizes lie over one another.
INPUT_SPEC: Final = InputSpec(256, 256, channels=1)
FEATURES_FILE: Final = "image_features.csv"
TUMORS_FILE: Final = "tumors.csv"
REPORT_FILE: Final = "exploration.json"
_EFFECT_PLANES: Final = (ALL_PLANES, Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)


def explore_dataset(settings: Settings | None = None) -> str:
    """Read every image of the manifest once and write `outputs/dataset/`.

    `statistics.npz`, `image_features.csv`, `tumors.csv` (where masks were fetched) and `exploration.json`. Killed and
    started again, it goes on from where it was, to the same files.

    Returns
    -------
    str
        What was found, in a few sentences.

    Raises
    ------
    DatasetError
        There is no manifest, or the images are not the ones it describes.
    """
    settings = settings or get_settings()
    manifest = read_manifest(settings)
    tasks = build_tasks(manifest, settings)
    folder = settings.dataset_outputs
    tally = accumulate_statistics(tasks, INPUT_SPEC, settings, checkpoint=folder / "work" / "explore.npz")
    fingerprint = compute_fingerprint(tasks, INPUT_SPEC)
    meta, arrays = build_statistics(tally, fingerprint)
    facts = _rows_to_table(tally.feature_rows, ["path", *IMAGE_FEATURES])
    tumours = _rows_to_table(tally.tumor_rows, ["path", "label", "plane", "group", *TUMOR_FEATURES])
    report = {
        "fingerprint": fingerprint,
        "images": len(facts),
        "contract": INPUT_SPEC.to_dict(),
        "effects": tabulate_effects(arrays, meta),
        "tumours": tabulate_tumors(tumours),
        "facts": compute_quartiles(facts.merge(manifest[["path", "label"]], on="path"), IMAGE_FEATURES),
        "shortcut": measure_all_shortcuts(facts.merge(manifest[["path", "label", "origin", "group"]], on="path")),
        "leakage": load_leakage_report(manifest, settings).numbers,
    }
    write_atomically(folder / statistics.STATISTICS_FILE, statistics.to_npz(meta, arrays))
    _write_table(folder / FEATURES_FILE, facts)
    _write_table(folder / TUMORS_FILE, tumours)
    write_atomically(folder / REPORT_FILE, json.dumps(round_floats(report), indent=1) + "\n")
    return _summarize_run(report, len(tumours), folder)


def build_tasks(manifest: pd.DataFrame, settings: Settings) -> list[ImageTask]:
    """One task per manifest row, with its mask where one was fetched."""
    folder = masks_folder(settings)
    there = {path.name for path in folder.glob("*.png")}
    tasks = []
    for row in manifest.to_dict("records"):
        source = find_mask_source(row["path"], row["sha256"], settings)
        known = source is not None and source.file in there
        tasks.append(
            ImageTask(
                path=row["path"],
                label=row["label"],
                plane=row["plane"],
                group=row["group"],
                sha256=row["sha256"],
                mask=folder / source.file if source and known else None,
                mirrored=bool(source and known and source.mirrored),
            )
        )
    return tasks


def build_statistics(accumulator: StatisticsAccumulator, fingerprint: str) -> tuple[Meta, dict[str, NDArray]]:
    """The maps of `statistics.npz` from a tally, grey levels scaled to 0..1."""
    arrays: dict[str, NDArray] = {}
    for (label, plane), moments in accumulator.pixels.items():
        arrays[f"average/{label}/{plane}"] = moments.mean / 255
        arrays[f"variability/{label}/{plane}"] = moments.std() / 255
    for (label, plane), moments in accumulator.masks.items():
        arrays[f"atlas/{label}/{plane}"] = moments.mean
    for (label, _), moments in accumulator.histograms.items():
        arrays[f"histogram/{label}"] = moments.mean.astype(np.float32)
    for a, b in _list_class_name_pairs():
        for plane in _EFFECT_PLANES:
            sides = accumulator.groups.get((a, plane)), accumulator.groups.get((b, plane))
            found = compute_effect(sides[0].scale(1 / 255), sides[1].scale(1 / 255)) if sides[0] and sides[1] else None
            if found is not None:
                arrays[f"effect/{a}/{b}/{plane}"] = found.size
                arrays[f"significance/{a}/{b}/{plane}"] = found.levels_passed
    meta = Meta(
        contract=INPUT_SPEC.to_dict(),
        levels=list(FDR_LEVELS),
        counts=_counts_by_label(accumulator.pixels),
        groups=_counts_by_label(accumulator.groups),
        masks=_counts_by_label(accumulator.masks),
        fingerprint=fingerprint,
    )
    return meta, arrays


def _list_class_name_pairs() -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(CLASS_NAMES) for b in CLASS_NAMES[i + 1 :]]


def _counts_by_label(moments_by_stratum: dict[tuple[str, str], Any]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (label, plane), moments in sorted(moments_by_stratum.items()):
        found.setdefault(label, {})[plane] = moments.count
    return found


def _rows_to_table(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns).sort_values("path", ignore_index=True)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    write_atomically(path, table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))


def _summarize_run(report: dict[str, Any], masks: int, folder: Path) -> str:
    classes = report["shortcut"]["class"]
    told = (
        f"A plain classifier tells the classes apart from image facts alone at {classes['accuracy']['value']:.1%} "
        f"(chance {classes['chance']:.1%})."
        if "accuracy" in classes
        else "The set is too small to measure a shortcut."
    )
    outlines = (
        f"{masks} tumours measured" if masks else "no tumour masks (get them with: braintumor data fetch --masks)"
    )
    few = "" if report["effects"] else f" No effect sizes: they need {MIN_GROUPS} groups of each class."
    return f"{report['images']} images read, {outlines}. {told}{few} Written to {folder}."
