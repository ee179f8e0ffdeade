"""Test scans for a reader: their order, images and reference masks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import evaluation_dataset
from braintumor.datasets.masks import load_mask
from braintumor.datasets.phantom_sets import PHANTOM_ORIGIN
from braintumor.enums import CLASS_NAMES, CLASSES, Split, TumorClass
from braintumor.errors import BrainTumorError, DatasetError
from braintumor.imaging import Scan, read_scan
from braintumor.inference.registry import load_artifact
from braintumor.results.version import read_predictions
from braintumor.samples import list_previews, load_preview
from braintumor.settings import Settings, get_settings

TEST_SCANS_PER_LABEL: Final = 6


@dataclass(frozen=True, slots=True)
class Case:
    """One scan to read, with its true class.

    Attributes
    ----------
    label : TumorClass
        True class.
    group : str
        The same for all scans of a patient and their near-duplicates.
    is_phantom : bool
    path, sha256, width, height
        As in the manifest.
    is_preview : bool
        Whether to read the small preview that ships with the package.
    """

    label: TumorClass
    group: str
    is_phantom: bool
    path: str
    sha256: str = ""
    width: int = 0
    height: int = 0
    is_preview: bool = False

    @property
    def name(self) -> str:
        """Name to show after the reading: file names of the image set contain the class."""
        return self.path.rsplit("/", 1)[-1]


def sample_cases(manifest: pd.DataFrame, seed: int, tested_paths: Collection[str] | None = None) -> tuple[Case, ...]:
    """Sample the test scans in the order in which a reader sees them; reproducible by seed.

    The class of each scan is sampled uniformly, so it cannot be guessed from class frequencies. Within a class, every
    patient comes once before any comes again. Of exact copies only one is used, and groups with contradictory labels
    are left out.

    Parameters
    ----------
    manifest : DataFrame
        Only its test split is used.
    seed : int
    tested_paths : collection of str, optional
        Test paths of a version that was trained on another split: only these are used.

    Returns
    -------
    tuple of Case
        Every usable scan once.
    """
    rows = manifest[manifest["split"] == str(Split.TEST)].sort_values("path").drop_duplicates("sha256")
    rows = rows[rows.groupby("group")["label"].transform("nunique") == 1]
    if tested_paths is not None:
        rows = rows[rows["path"].isin(list(tested_paths))]
    generator = np.random.default_rng(seed)
    queues = {label: _shuffle_by_patient(rows[rows["label"] == str(label)], generator) for label in CLASSES}
    cases = []
    while remaining := [queue for queue in queues.values() if queue]:
        cases.append(remaining[int(generator.integers(len(remaining)))].pop())
    return tuple(cases)


def _shuffle_by_patient(rows: pd.DataFrame, generator: np.random.Generator) -> list[Case]:
    """Shuffle the scans of one class, patients in turn. The last case comes first."""
    shuffled = rows.iloc[generator.permutation(len(rows))]
    turns = shuffled.assign(turn=shuffled.groupby("group").cumcount())
    ordered = turns.sort_values("turn", kind="stable", ascending=False)
    return [case_from_row(row) for row in ordered.to_dict("records")]


def case_from_row(row: Mapping[Any, Any]) -> Case:
    """Make the case of a manifest row."""
    return Case(
        TumorClass(row["label"]), row["group"], row["origin"] == PHANTOM_ORIGIN, row["path"], row["sha256"],
        int(row["width"]), int(row["height"]),
    )  # fmt: skip


def preview_cases(seed: int, tested_paths: Collection[str] | None = None) -> tuple[Case, ...]:
    """Sample the previews of test scans as `sample_cases` does, for use without the image set.

    If none of them is in `tested_paths`, all are used.
    """
    previews = list_previews()
    cases = sample_cases(previews, seed, tested_paths) or sample_cases(previews, seed)
    return tuple(replace(case, is_preview=True) for case in cases)


def load_case(case: Case, settings: Settings | None = None) -> Scan:
    """Read the scan of a case, or its preview.

    It counts as upright: reference outlines lie on the scan as stored, so that it must not be turned.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    settings = settings or get_settings()
    source = load_preview(case.path) if case.is_preview else settings.dataset / case.path
    scan = read_scan(source, case.name, settings)
    return replace(scan, is_oriented=True)


def reference_mask(case: Case, settings: Settings | None = None) -> NDArray[np.bool_] | None:
    """Return the reference mask of the tumour, bool (height, width); None without a tumour or mask, or of a preview."""
    if case.is_preview:
        return None
    row = {"path": case.path, "sha256": case.sha256, "width": case.width, "height": case.height}
    try:
        return load_mask(row, settings)
    except BrainTumorError:
        return None


def sample_test_scans(
    version: str, settings: Settings | None = None, per_label: int = TEST_SCANS_PER_LABEL, seed: int = 0
) -> list[tuple[Path, str]]:
    """Sample test scans of a version at random, at most one per group, whatever was predicted for them.

    Returns
    -------
    list of (Path, str)
        Files and labels, in the order of the classes; the same for the same arguments.

    Raises
    ------
    ArtifactError
        There is no such version.
    DatasetError
        The version was not evaluated, or its image set is missing.
    """
    settings = settings or get_settings()
    table = read_predictions(version, settings)
    if table.empty or "group" not in table:
        raise DatasetError(
            f"The test scans of {version} are not known. Evaluate it with: braintumor evaluate {version}"
        )
    image_set = evaluation_dataset(load_artifact(version, settings).card.recipe)
    folder, samples = settings.inputs / image_set.folder, []
    generator = np.random.default_rng(seed)
    test = table[table["split"] == str(Split.TEST)]
    labels = test["label"].unique()
    for label in sorted(labels, key=[*CLASS_NAMES, *labels].index):
        rows = test[test["label"] == label].sort_values("path")
        shuffled = rows.iloc[generator.permutation(len(rows))].drop_duplicates("group")
        samples += [(folder / path, str(label)) for path in shuffled["path"][:per_label]]
    if not any(path.is_file() for path, _ in samples):
        raise DatasetError(
            f"The image set with the test scans of {version} is missing. Get it with: {image_set.command}"
        )
    return samples
