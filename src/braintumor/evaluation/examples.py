"""Examples: a few test scans of a version for every label, dealt by lot, no two of one patient."""

from pathlib import Path
from typing import Final

import numpy as np

from braintumor.dataset.sets import training_dataset
from braintumor.errors import DatasetError
from braintumor.evaluation.report import read_predictions
from braintumor.inference.artifact import load_artifact
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASS_NAMES, Split

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
    image_set = training_dataset(load_artifact(version, settings).card.raw)
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
