"""Read every file of the image set once and write the manifest, the near-duplicates and the audit report."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from braintumor.datasets.catalog import find_images, load_file_table
from braintumor.datasets.manifest import manifest_path, read_manifest, write_manifest
from braintumor.datasets.near_duplicates import (
    ORIENTATIONS,
    FileMetadata,
    find_near_duplicates,
    get_file_stamp,
    read_file_metadata,
)
from braintumor.datasets.split_leakage import count_leakage, summarize_manifest
from braintumor.datasets.splits import assign_groups
from braintumor.errors import DatasetError
from braintumor.fileio import write_atomically
from braintumor.process_pool import process_pool
from braintumor.settings import Settings, get_settings

_CHUNK = 64


def audit_dataset(settings: Settings | None = None) -> str:
    """Read every image once, in parallel, and write `manifest.csv`, `audit.json` and `near_duplicates.csv.gz`.

    File metadata is cached while it is read, so an interrupted audit resumes. An existing split is kept if the groups
    have not changed.

    Returns
    -------
    str
        A summary in a few sentences.

    Raises
    ------
    DatasetError
        The image set is missing, or none of its files is an image.
    """
    settings = settings or get_settings()
    paths = find_images(settings.dataset)
    if not paths:
        raise DatasetError(
            f"There are no images in {settings.dataset.name}. Get them with: braintumor data fetch "
            "(or create synthetic phantoms: braintumor data phantoms FOLDER)"
        )
    files = sorted(_read_all(settings, paths), key=lambda f: f.path)
    rejected = {f.path: f.error for f in files if f.error}
    images = [f for f in files if not f.error]
    if not images:
        raise DatasetError(f"None of the {len(paths)} files in {settings.dataset.name} is an image.")
    manifest = _build_manifest(images, settings)
    near_duplicates = find_near_duplicates(np.array([f.hashes for f in images], np.uint64))
    manifest["group"] = assign_groups(manifest, near_duplicates)
    manifest["split"] = _reuse_split(manifest, settings)
    pairs = _build_pair_table(manifest, near_duplicates)
    report = {
        **summarize_manifest(manifest),
        "rejected": rejected,
        "leakage": count_leakage(manifest, pairs),
    }
    folder = settings.dataset_outputs
    write_manifest(manifest, settings)
    write_atomically(folder / "near_duplicates.csv.gz", pairs.to_csv(index=False, lineterminator="\n"))
    write_atomically(folder / "audit.json", json.dumps(report, indent=1) + "\n")
    _cache_path(settings).unlink(missing_ok=True)
    return _summarize_audit(report)


def _cache_path(settings: Settings) -> Path:
    return settings.dataset_outputs / "work" / "audit.jsonl"


def _read_all(settings: Settings, paths: list[str]) -> Iterator[FileMetadata]:
    """Yield the metadata of every file, from the cache of an interrupted run if the file has not changed since."""
    cached = _load_cached_metadata(settings)
    todo = []
    for path in paths:
        metadata = cached.get(path)
        if metadata is not None and metadata.stamp == get_file_stamp(settings.dataset / path):
            yield metadata
        else:
            todo.append(path)
    cache = _cache_path(settings)
    cache.parent.mkdir(parents=True, exist_ok=True)
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    with (
        process_pool(settings) as pool,
        cache.open("a", encoding="utf-8") as file,
        tqdm(total=len(paths), initial=len(paths) - len(todo), desc="audit", unit="file", disable=None) as bar,
    ):
        for chunk in pool.map(partial(_read_chunk, settings), chunks):
            file.writelines(json.dumps([getattr(f, s) for s in FileMetadata.__slots__]) + "\n" for f in chunk)
            file.flush()
            bar.update(len(chunk))
            yield from chunk


def _load_cached_metadata(settings: Settings) -> dict[str, FileMetadata]:
    """Load the metadata cached by an interrupted run; an incomplete last line is dropped."""
    cached: dict[str, FileMetadata] = {}
    try:
        lines = _cache_path(settings).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return cached
    for line in lines:
        try:
            metadata = FileMetadata(*json.loads(line))
        except (ValueError, TypeError):
            continue
        cached[metadata.path] = metadata
    return cached


def _read_chunk(settings: Settings, paths: list[str]) -> list[FileMetadata]:
    return [read_file_metadata(settings.dataset, path, settings) for path in paths]


def _build_manifest(files: list[FileMetadata], settings: Settings) -> pd.DataFrame:
    columns = ["path", "sha256", "width", "height", "mode"]
    manifest = pd.DataFrame([[getattr(f, c) for c in columns] for f in files], columns=columns)
    parts = manifest["path"].str.split("/", expand=True)
    manifest["original_split"], manifest["label"] = parts[0], parts[1]
    provenance = _match_provenance(manifest, settings)
    for column, unknown in (("origin", "unknown"), ("plane", "unknown"), ("patient", "")):
        manifest[column] = provenance[column].replace("", unknown)
    manifest["has_mask"] = provenance["brisc_file"] != ""
    return manifest


def _match_provenance(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return provenance rows in manifest order, from `provenance.csv` in the image folder or from the shipped table.

    The shipped table is matched by path and hash first, then by hash alone, so renamed files keep their patient.
    """
    own = settings.dataset / "provenance.csv"
    if own.is_file():
        table = pd.read_csv(own, dtype=str, keep_default_na=False)
        table["path"] = table["split"] + "/" + table["label"] + "/" + table["file"]
        return manifest[["path"]].merge(table.drop_duplicates("path"), how="left", on="path").fillna("")
    table = load_file_table()
    by_path = manifest[["path", "sha256"]].merge(table, how="left", on=["path", "sha256"])
    by_hash = manifest[["sha256"]].merge(table.drop(columns="path").drop_duplicates("sha256"), how="left", on="sha256")
    return by_path.fillna(by_hash).fillna("")


def _reuse_split(manifest: pd.DataFrame, settings: Settings) -> pd.Series:
    """Return the split of the previous manifest if images and groups are unchanged, else an empty column."""
    try:
        previous = read_manifest(settings) if manifest_path(settings).is_file() else None
    except DatasetError:
        previous = None
    if previous is not None and previous[["path", "group"]].equals(manifest[["path", "group"]]):
        return previous["split"]
    return pd.Series("", index=manifest.index)


def _build_pair_table(manifest: pd.DataFrame, near_duplicates: pd.DataFrame) -> pd.DataFrame:
    a, b = (
        manifest.iloc[near_duplicates["a"]].reset_index(drop=True),
        manifest.iloc[near_duplicates["b"]].reset_index(drop=True),
    )
    return pd.DataFrame(
        {
            "path_a": a["path"],
            "path_b": b["path"],
            "distance": near_duplicates["distance"],
            "transform": [ORIENTATIONS[i] for i in near_duplicates["orientation"]],
            "exact": a["sha256"] == b["sha256"],
            "same_label": a["label"] == b["label"],
            "same_side_official": a["original_split"] == b["original_split"],
        }
    )


def _summarize_audit(report: dict[str, Any]) -> str:
    leak = report["leakage"]
    return (
        f"{report['images']} images read, {len(report['rejected'])} files rejected. "
        f"{report['exact_copies']} are exact copies of others; {leak['twin_pairs']} near-duplicate pairs; "
        f"{report['groups']} groups. Of {leak['official_testing']} official Testing images, "
        f"{leak['testing_with_twin_in_training']} have a near-duplicate in Training and "
        f"{leak['testing_with_patient_in_training']} share a patient with it. Next: braintumor data split"
    )
