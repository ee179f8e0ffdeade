"""Practice: which test scans a reader is shown, in which order, and their pictures and true outlines."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import training_dataset
from braintumor.datasets.masks import load_mask
from braintumor.datasets.phantom_sets import PHANTOM_ORIGIN, make_phantom
from braintumor.enums import CLASS_NAMES, CLASSES, Split, TumorClass
from braintumor.errors import BrainTumorError, DatasetError
from braintumor.imaging import Scan, read_scan
from braintumor.inference.registry import load_artifact
from braintumor.results.version import read_predictions
from braintumor.settings import Settings, get_settings

# Phantoms are drawn on the spot, so a round of them needs an end of its own.
PHANTOM_COUNT: Final = 400


@dataclass(frozen=True, slots=True)
class Case:
    """One scan to read, and what is known of it.

    Attributes
    ----------
    label : TumorClass
        The truth.
    group : str
        Scans of one patient, and near-duplicates, share it.
    drawn : bool
        Whether it is a phantom and no scan.
    path, sha256, width, height
        As in the manifest; empty and 0 for a phantom drawn on the spot.
    patient : int
        Which phantom is drawn on the spot.
    """

    label: TumorClass
    group: str
    is_phantom: bool
    path: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    phantom_id: int = 0

    @property
    def name(self) -> str:
        """What it is called once the truth is out: names of the image set tell the class."""
        return self.path.rsplit("/", 1)[-1] or f"phantom {self.phantom_id}"


def sample_cases(manifest: pd.DataFrame, seed: int, tested_paths: Collection[str] | None = None) -> tuple[Case, ...]:
    """Test scans in the order a reader meets them; equal arguments give equal orders.

    Each scan's class is drawn by lot, all four alike, so that it cannot be guessed from how common it is. Within a
    class every patient comes once before any comes again. Exact copies come once, and groups of images whose labels
    contradict each other never.

    Parameters
    ----------
    manifest : DataFrame
        Only its test split is read.
    seed : int
    held_out : collection of str, optional
        Paths a version was tested on, where it was trained on a split of its own: no other is drawn.

    Returns
    -------
    tuple of Case
        Without repeats; all that fit.
    """
    rows = manifest[manifest["split"] == str(Split.TEST)].sort_values("path").drop_duplicates("sha256")
    rows = rows[rows.groupby("group")["label"].transform("nunique") == 1]
    if tested_paths is not None:
        rows = rows[rows["path"].isin(list(tested_paths))]
    generator = np.random.default_rng(seed)
    queues = {label: _shuffle_by_patient(rows[rows["label"] == str(label)], generator) for label in CLASSES}
    order = []
    while waiting := [queue for queue in queues.values() if queue]:
        order.append(waiting[int(generator.integers(len(waiting)))].pop())
    return tuple(order)


def _shuffle_by_patient(rows: pd.DataFrame, generator: np.random.Generator) -> list[Case]:
    """Scans of one class, the last one first to come: patients by lot, one scan of each in turn."""
    mixed = rows.iloc[generator.permutation(len(rows))]
    turns = mixed.assign(turn=mixed.groupby("group").cumcount()).sort_values("turn", kind="stable", ascending=False)
    return [case_from_row(row) for row in turns.to_dict("records")]


def case_from_row(row: Mapping[Any, Any]) -> Case:
    """The case of a manifest row."""
    return Case(
        TumorClass(row["label"]), row["group"], row["origin"] == PHANTOM_ORIGIN, row["path"], row["sha256"],
        int(row["width"]), int(row["height"]),
    )  # fmt: skip


def phantom_cases(seed: int, count: int = PHANTOM_COUNT) -> tuple[Case, ...]:
    """Drawn stand-ins for where the image set is absent, each of another invented patient."""
    labels = np.random.default_rng(seed).integers(len(CLASSES), size=count)
    # Beyond the numbers that phantom sets and montages draw with.
    patients = 1_000_000 + count * seed + np.arange(count)
    return tuple(
        Case(CLASSES[int(label)], f"phantom-{patient}", True, phantom_id=int(patient))
        for label, patient in zip(labels, patients, strict=True)
    )


def load_case(case: Case, settings: Settings | None = None) -> Scan:
    """Read the scan, or draw the phantom.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    settings = settings or get_settings()
    if not case.path:
        return read_scan(make_phantom(case.label, case.phantom_id).pixels, case.name, settings)
    return read_scan(settings.dataset / case.path, settings=settings)


def reference_mask(case: Case, settings: Settings | None = None) -> NDArray[np.bool_] | None:
    """The outlined tumour on the scan's own grid (height, width); None where there is none or none is known."""
    if not case.path:
        mask = make_phantom(case.label, case.phantom_id).mask
        return mask if mask.any() else None
    row = {"path": case.path, "sha256": case.sha256, "width": case.width, "height": case.height}
    try:
        return load_mask(row, settings)
    except BrainTumorError:
        return None


PER_LABEL: Final = 6


def sample_test_scans(
    version: str, settings: Settings | None = None, per_label: int = PER_LABEL, seed: int = 0
) -> list[tuple[Path, str]]:
    """Files of test scans and their labels, in the order of classes.

    Scans are drawn by lot, whatever was said of them, from those the version was judged on: at most one of each group
    of near copies and slices of one patient. Equal arguments draw equal scans.

    Raises
    ------
    ArtifactError
        There is no such version.
    DatasetError
        The version was not evaluated, or its image set is not there.
    """
    settings = settings or get_settings()
    table = read_predictions(version, settings)
    if table.empty or "group" not in table:
        raise DatasetError(
            f"{version}: which scans are its test scans is not known here. Find out with: braintumor evaluate {version}"
        )
    image_set = training_dataset(load_artifact(version, settings).card.recipe)
    folder, chosen = settings.inputs / image_set.folder, []
    generator = np.random.default_rng(seed)
    test = table[table["split"] == str(Split.TEST)]
    for label in sorted(test["label"].unique(), key=[*CLASS_NAMES, *test["label"].unique()].index):
        own = test[test["label"] == label].sort_values("path")
        mixed = own.iloc[generator.permutation(len(own))].drop_duplicates("group")
        chosen += [(folder / path, str(label)) for path in mixed["path"][:per_label]]
    if not any(path.is_file() for path, _ in chosen):
        raise DatasetError(
            f"The grid shows test scans of {version}, and the image set is not there. Get it with: {image_set.command}"
        )
    return chosen
