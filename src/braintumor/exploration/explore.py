"""Compute statistics, features and leakage of the data set for `braintumor explore`."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.external.manifest import external_manifest_path, read_all_manifests, summarize_sources
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.masks import find_mask_source, masks_folder
from braintumor.enums import CLASS_NAMES, Plane
from braintumor.exploration import statistics
from braintumor.exploration.effect_size import FDR_LEVELS, MIN_GROUPS, compute_effect
from braintumor.exploration.image_features import (
    IMAGE_FEATURES,
    IMAGE_FEATURES_FILE,
    TUMOR_FEATURES,
    TUMOR_FEATURES_FILE,
)
from braintumor.exploration.leakage_report import load_leakage_report
from braintumor.exploration.shortcut import measure_all_shortcuts
from braintumor.exploration.statistics import ALL_PLANES, Meta
from braintumor.exploration.statistics_accumulator import ImageTask, StatisticsAccumulator
from braintumor.exploration.streaming import accumulate_statistics, compute_fingerprint
from braintumor.fileio import write_atomically
from braintumor.imaging import InputSpec
from braintumor.settings import Settings, get_settings

# Preprocessing for averages: cropped to the head and padded to a square, so that heads of all sizes overlap.
INPUT_SPEC: Final = InputSpec(256, 256, channels=1)
REPORT_FILE: Final = "exploration.json"
SOURCES_FILE: Final = "sources.csv"
_EFFECT_PLANES: Final = (ALL_PLANES, Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)


def explore_dataset(settings: Settings | None = None) -> str:
    """Read every image of the manifest once and write the results to `outputs/dataset/`.

    Writes `statistics.npz`, `image_features.csv`, `tumors.csv` (empty without masks), `exploration.json`, and if the
    external sets were audited, `sources.csv`, which counts the images of all sources. An interrupted run resumes from
    its checkpoint and writes the same files.

    Returns
    -------
    str
        Summary of the results.

    Raises
    ------
    DatasetError
        There is no manifest, or an image is missing or changed.
    """
    settings = settings or get_settings()
    manifest = read_manifest(settings)
    tasks = build_tasks(manifest, settings)
    folder = settings.dataset_outputs
    accumulator = accumulate_statistics(tasks, INPUT_SPEC, settings, checkpoint=folder / "work" / "explore.npz")
    fingerprint = compute_fingerprint(tasks, INPUT_SPEC)
    meta, arrays = build_statistics(accumulator, fingerprint)
    features = _rows_to_table(accumulator.feature_rows, ["path", *IMAGE_FEATURES])
    tumors = _rows_to_table(accumulator.tumor_rows, ["path", "label", "plane", "group", *TUMOR_FEATURES])
    report = {
        "fingerprint": fingerprint,
        "images": len(features),
        "contract": INPUT_SPEC.to_dict(),
        "effects": tabulate_effects(arrays, meta),
        "tumours": tabulate_tumors(tumors),
        "facts": compute_quartiles(features.merge(manifest[["path", "label"]], on="path"), IMAGE_FEATURES),
        "shortcut": measure_all_shortcuts(features.merge(manifest[["path", "label", "origin", "group"]], on="path")),
        "leakage": load_leakage_report(manifest, settings).numbers,
    }
    write_atomically(folder / statistics.STATISTICS_FILE, statistics.to_npz(meta, arrays))
    _write_table(folder / IMAGE_FEATURES_FILE, features)
    _write_table(folder / TUMOR_FEATURES_FILE, tumors)
    write_atomically(folder / REPORT_FILE, json.dumps(round_floats(report), indent=1) + "\n")
    if external_manifest_path(settings).is_file():
        _write_table(folder / SOURCES_FILE, summarize_sources(read_all_manifests(settings)))
    return _summarize_run(report, len(tumors), folder)


def build_tasks(manifest: pd.DataFrame, settings: Settings) -> list[ImageTask]:
    """Return one task per manifest row, with its mask if it was downloaded."""
    folder = masks_folder(settings)
    available = {path.name for path in folder.glob("*.png")}
    tasks = []
    for row in manifest.to_dict("records"):
        source = find_mask_source(row["path"], row["sha256"], settings)
        has_mask = source is not None and source.file in available
        tasks.append(
            ImageTask(
                path=row["path"],
                label=row["label"],
                plane=row["plane"],
                group=row["group"],
                sha256=row["sha256"],
                mask=folder / source.file if source and has_mask else None,
                mirrored=bool(source and has_mask and source.mirrored),
            )
        )
    return tasks


def build_statistics(accumulator: StatisticsAccumulator, fingerprint: str) -> tuple[Meta, dict[str, NDArray]]:
    """Compute the maps of `statistics.npz`, with grey levels scaled to 0..1."""
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
            effect = compute_effect(sides[0].scale(1 / 255), sides[1].scale(1 / 255)) if sides[0] and sides[1] else None
            if effect is not None:
                arrays[f"effect/{a}/{b}/{plane}"] = effect.size
                arrays[f"significance/{a}/{b}/{plane}"] = effect.levels_passed
    meta = Meta(
        contract=INPUT_SPEC.to_dict(),
        levels=list(FDR_LEVELS),
        counts=_counts_by_label(accumulator.pixels),
        groups=_counts_by_label(accumulator.groups),
        masks=_counts_by_label(accumulator.masks),
        fingerprint=fingerprint,
    )
    return meta, arrays


def tabulate_effects(arrays: dict[str, NDArray], meta: Meta) -> dict[str, Any]:
    """Tabulate group counts, share of significant pixels and largest effect for each pair of classes and plane."""
    report = {}
    for key in sorted(k for k in arrays if k.startswith("effect/")):
        _, a, b, plane = key.split("/")
        size, levels_passed = arrays[key], arrays[key.replace("effect/", "significance/")]
        report[f"{a}/{b}/{plane}"] = {
            "groups": [meta.groups[a][plane], meta.groups[b][plane]],
            "share_significant": {str(level): float((levels_passed > i).mean()) for i, level in enumerate(FDR_LEVELS)},
            "largest": float(np.abs(size).max()),
        }
    return report


def tabulate_tumors(tumors: pd.DataFrame) -> dict[str, Any]:
    """Tabulate quartiles of each tumour feature, tumour count and group count for each class."""
    report = compute_quartiles(tumors, TUMOR_FEATURES)
    for label, part in tumors.groupby("label"):
        report[str(label)] |= {"n": len(part), "groups": int(part["group"].nunique())}
    return report


def compute_quartiles(features: pd.DataFrame, names: dict[str, str]) -> dict[str, Any]:
    """Return the quartiles of each column by label."""
    return {
        str(label): {
            name: dict(zip(("q25", "median", "q75"), np.percentile(part[name], [25, 50, 75]).tolist(), strict=True))
            for name in names
        }
        for label, part in features.groupby("label")
    }


def round_floats(value: Any) -> Any:
    """Round numbers to six significant digits, so that equal data gives equal files."""
    if isinstance(value, dict):
        return {key: round_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [round_floats(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _list_class_name_pairs() -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(CLASS_NAMES) for b in CLASS_NAMES[i + 1 :]]


def _counts_by_label(moments_by_stratum: dict[tuple[str, str], Any]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for (label, plane), moments in sorted(moments_by_stratum.items()):
        counts.setdefault(label, {})[plane] = moments.count
    return counts


def _rows_to_table(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns).sort_values("path", ignore_index=True)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    write_atomically(path, table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))


def _summarize_run(report: dict[str, Any], tumor_count: int, folder: Path) -> str:
    classes = report["shortcut"]["class"]
    shortcut = (
        f"A logistic regression on image features alone predicts the class with {classes['accuracy']['value']:.1%} "
        f"accuracy (most common class: {classes['chance']:.1%})."
        if "accuracy" in classes
        else "The image set is too small to measure shortcuts."
    )
    tumors = (
        f"{tumor_count} tumours measured"
        if tumor_count
        else "no tumour masks (download them with: braintumor data fetch --masks)"
    )
    effects = "" if report["effects"] else f" No effect sizes: they need {MIN_GROUPS} groups of each class."
    return f"{report['images']} images read, {tumors}. {shortcut}{effects} Results are in {folder}."
