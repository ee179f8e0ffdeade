"""The `explore` command: one pass over the images, and everything the Visualizer page and the notebooks read."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.dataset.alignment import mask_source, masks_folder
from braintumor.dataset.manifest import read_manifest
from braintumor.exploration import statistics
from braintumor.exploration.effect_size import LEVELS, MIN_GROUPS, effect
from braintumor.exploration.facts import FACTS
from braintumor.exploration.leakage import load_report
from braintumor.exploration.observe import Task
from braintumor.exploration.report import effect_report, quartiles, rounded, tumour_report
from braintumor.exploration.shortcut import shortcuts
from braintumor.exploration.statistics import ALL, Meta
from braintumor.exploration.stream import fingerprint_of, stream
from braintumor.exploration.tally import Tally
from braintumor.exploration.tumours import MEASURES
from braintumor.files import write_atomically
from braintumor.imaging import InputContract
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASS_NAMES, Plane

# The frame that averages are made on: head cut out, aspect kept, so that heads of all sizes lie over one another.
CONTRACT: Final = InputContract(256, 256, channels=1)
FACTS_FILE: Final = "image_facts.csv"
TUMOURS_FILE: Final = "tumours.csv"
REPORT_FILE: Final = "exploration.json"
_EFFECT_PLANES: Final = (ALL, Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)


def explore(settings: Settings | None = None) -> str:
    """Read every image of the manifest once and write `outputs/dataset/`.

    `statistics.npz`, `image_facts.csv`, `tumours.csv` (where masks were fetched) and `exploration.json`. Killed and
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
    tasks = tasks_of(manifest, settings)
    folder = settings.dataset_outputs
    tally = stream(tasks, CONTRACT, settings, checkpoint=folder / "work" / "explore.npz")
    fingerprint = fingerprint_of(tasks, CONTRACT)
    meta, arrays = summarize(tally, fingerprint)
    facts = _table(tally.facts, ["path", *FACTS])
    tumours = _table(tally.tumours, ["path", "label", "plane", "group", *MEASURES])
    report = {
        "fingerprint": fingerprint,
        "images": len(facts),
        "contract": CONTRACT.to_dict(),
        "effects": effect_report(arrays, meta),
        "tumours": tumour_report(tumours),
        "facts": quartiles(facts.merge(manifest[["path", "label"]], on="path"), FACTS),
        "shortcut": shortcuts(facts.merge(manifest[["path", "label", "origin", "group"]], on="path")),
        "leakage": load_report(manifest, settings).numbers,
    }
    write_atomically(folder / statistics.FILE, statistics.pack(meta, arrays))
    _write_table(folder / FACTS_FILE, facts)
    _write_table(folder / TUMOURS_FILE, tumours)
    write_atomically(folder / REPORT_FILE, json.dumps(rounded(report), indent=1) + "\n")
    return _sentence(report, len(tumours), folder)


def tasks_of(manifest: pd.DataFrame, settings: Settings) -> list[Task]:
    """One task per manifest row, with its mask where one was fetched."""
    folder = masks_folder(settings)
    there = {path.name for path in folder.glob("*.png")}
    tasks = []
    for row in manifest.to_dict("records"):
        source = mask_source(row["path"], row["sha256"], settings)
        known = source is not None and source.file in there
        tasks.append(
            Task(
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


def summarize(tally: Tally, fingerprint: str) -> tuple[Meta, dict[str, NDArray]]:
    """The maps of `statistics.npz` from a tally, grey levels scaled to 0..1."""
    arrays: dict[str, NDArray] = {}
    for (label, plane), moments in tally.pixels.items():
        arrays[f"average/{label}/{plane}"] = moments.mean / 255
        arrays[f"variability/{label}/{plane}"] = moments.deviation() / 255
    for (label, plane), moments in tally.masks.items():
        arrays[f"atlas/{label}/{plane}"] = moments.mean
    for (label, _), moments in tally.histograms.items():
        arrays[f"histogram/{label}"] = moments.mean.astype(np.float32)
    for a, b in _pairs():
        for plane in _EFFECT_PLANES:
            sides = tally.groups.get((a, plane)), tally.groups.get((b, plane))
            found = effect(sides[0].scaled(1 / 255), sides[1].scaled(1 / 255)) if sides[0] and sides[1] else None
            if found is not None:
                arrays[f"effect/{a}/{b}/{plane}"] = found.size
                arrays[f"significance/{a}/{b}/{plane}"] = found.passed
    meta = Meta(
        contract=CONTRACT.to_dict(),
        levels=list(LEVELS),
        counts=_counts(tally.pixels),
        groups=_counts(tally.groups),
        masks=_counts(tally.masks),
        fingerprint=fingerprint,
    )
    return meta, arrays


def _pairs() -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(CLASS_NAMES) for b in CLASS_NAMES[i + 1 :]]


def _counts(table: dict[tuple[str, str], Any]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (label, plane), moments in sorted(table.items()):
        found.setdefault(label, {})[plane] = moments.count
    return found


def _table(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns).sort_values("path", ignore_index=True)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    write_atomically(path, table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))


def _sentence(report: dict[str, Any], masks: int, folder: Path) -> str:
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
