"""Leakage report: copies, twins and patients on both sides of the official split, and suspected mislabels."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.split_leakage import TESTING, TRAINING, count_images_in_pairs, count_leakage, count_totals
from braintumor.enums import TumorClass
from braintumor.errors import DatasetError
from braintumor.exploration.montage import Tile, read_dataset_image
from braintumor.settings import Settings, get_settings

_MIRROR: Final = "mirror"


def oriented(pixels: NDArray[np.uint8], transform: str) -> NDArray[np.uint8]:
    """A picture mirrored left to right where the transform says so, then rotated counter-clockwise by its angle.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
    transform : str
        One of `braintumor.datasets.near_duplicates.ORIENTATIONS`, such as `mirror, rotate 180`.
    """
    mirrored = pixels[:, ::-1] if transform.startswith(_MIRROR) else pixels
    quarters = int(transform.rpartition("rotate ")[2]) // 90 if "rotate" in transform else 0
    return np.ascontiguousarray(np.rot90(mirrored, quarters))


def make_pair_tiles(pairs: pd.DataFrame, settings: Settings | None = None) -> list[Tile]:
    """Two tiles for each pair, for a montage with an even number of columns.

    Parameters
    ----------
    pairs : DataFrame
        Rows of `LeakageReport.twins`, as `twin_examples` chooses them.

    Returns
    -------
    list of Tile
        First and second image in turn. The caption of the second says how it was turned, and how many of
        the hashes' 128 bits differ.

    Raises
    ------
    ScanError
        A file is missing or damaged.
    """
    settings = settings or get_settings()
    found = []
    for pair in pairs.to_dict("records"):
        first, second = (read_dataset_image(pair[side], settings) for side in ("path_a", "path_b"))
        how = "as it is" if pair["transform"] == "identity" else pair["transform"]
        label = TumorClass(pair["label_a"]).title
        found.append(Tile(pair["path_a"], (_format_path(pair["path_a"]), label), first.to_uint8()))
        pixels, apart = oriented(second.to_uint8(), pair["transform"]), f"{pair['distance']} of 128 bits differ"
        found.append(Tile(pair["path_b"], (_format_path(pair["path_b"]), f"{how}; {apart}"), pixels))
    return found


def _format_path(path: str) -> str:
    """Split and file, such as `Testing, Te-gl_0010.jpg`: the side of the split is the point of the picture."""
    split, _, file = path.split("/")
    return f"{split}, {file}"


NEAR_DUPLICATES_FILE: Final = "near_duplicates.csv"


@dataclass(frozen=True, slots=True, eq=False)
class LeakageReport:
    """What ties images together across the official Training and Testing folders.

    Attributes
    ----------
    numbers : dict of str to int or float
        Those of the audit (`braintumor.datasets.split_leakage`), and a few more, for a page to show.
    twins : DataFrame
        Pairs of near-duplicates, nearest first: `path_a`, `path_b`, `distance` (bits of 128), `transform` (what turns
        b into a), `exact`, `label_a`, `label_b`, `same_label`, `same_side_official`.
    patients : DataFrame
        Patients on both sides: `patient`, `training`, `testing` (images each).
    suspects : DataFrame
        Images whose label is in doubt: `path`, `label`, `reason`.
    """

    numbers: dict[str, Any]
    near_duplicates: pd.DataFrame
    patients: pd.DataFrame
    suspects: pd.DataFrame

    @property
    def summary(self) -> str:
        """The report in one sentence, with its numbers."""
        n = self.numbers
        return (
            f"Of {n['official_testing']:,} images in the official Testing folder, "
            f"{n['testing_with_twin_in_training']:,} ({n['testing_with_twin_in_training_share']:.0%}) have a "
            f"near-duplicate in Training, and {n['testing_with_patient_in_training']:,} of the "
            f"{n['testing_with_known_patient']:,} whose patient is known show a "
            "patient who is in Training too."
        )


def load_leakage_report(manifest: pd.DataFrame, settings: Settings | None = None) -> LeakageReport:
    """The report of the set on disk, from its manifest and `outputs/dataset/near_duplicates.csv`.

    Raises
    ------
    DatasetError
        There is no table of twins.
    """
    path = (settings or get_settings()).dataset_outputs / NEAR_DUPLICATES_FILE
    try:
        twins = pd.read_csv(path)
    except FileNotFoundError:
        raise DatasetError("There is no table of twins yet. Write it with: braintumor data audit") from None
    return build_leakage_report(manifest, twins)


def build_leakage_report(manifest: pd.DataFrame, near_duplicates: pd.DataFrame) -> LeakageReport:
    """Count and list what leaks.

    Parameters
    ----------
    manifest : DataFrame
        One row per image, as `braintumor.datasets.manifest` describes.
    twins : DataFrame
        One row per pair: `path_a`, `path_b`, `distance`, `transform`, `same_label`, `same_side_official`.
    """
    rows = manifest.set_index("path")
    pairs = near_duplicates.assign(
        label_a=rows["label"].reindex(near_duplicates["path_a"]).to_numpy(),
        label_b=rows["label"].reindex(near_duplicates["path_b"]).to_numpy(),
        exact=rows["sha256"].reindex(near_duplicates["path_a"]).to_numpy()
        == rows["sha256"].reindex(near_duplicates["path_b"]).to_numpy(),
    )
    pairs = pairs.sort_values(["exact", "distance", "path_a", "path_b"], ascending=[False, True, True, True])
    pairs = pairs.reset_index(drop=True)
    patients = _find_shared_patients(manifest)
    suspects = _find_suspects(manifest, pairs)
    return LeakageReport(_count_leaks(manifest, pairs, patients, suspects), pairs, patients, suspects)


def _find_shared_patients(manifest: pd.DataFrame) -> pd.DataFrame:
    known = manifest[manifest["patient"] != ""]
    sides = pd.crosstab(known["patient"], known["original_split"]).reindex(columns=[TRAINING, TESTING], fill_value=0)
    both = sides[(sides > 0).all(axis=1)].reset_index()
    both.columns = pd.Index(["patient", "training", "testing"])
    return both.sort_values(["testing", "patient"], ascending=[False, True]).reset_index(drop=True)


def _find_suspects(manifest: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Images that contradict a copy of themselves, a near-duplicate, or the other images of their patient."""
    found: dict[str, list[str]] = {}
    for row in pairs[~pairs["same_label"]].to_dict("records"):
        likeness = "an exact copy" if row["exact"] else f"a near-duplicate ({row['distance']} of 128 bits)"
        for path, other, label in (
            (row["path_a"], row["path_b"], row["label_b"]),
            (row["path_b"], row["path_a"], row["label_a"]),
        ):
            found.setdefault(path, []).append(f"{likeness}, {other}, is labelled {label}")
    known = manifest[manifest["patient"] != ""]
    usual = known.groupby("patient")["label"].agg(lambda labels: labels.mode().iloc[0])
    odd = known[known["label"] != known["patient"].map(usual)]
    for row in odd.to_dict("records"):
        reason = f"the other images of patient {row['patient']} are mostly labelled {usual[row['patient']]}"
        found.setdefault(row["path"], []).append(reason)
    labels = manifest.set_index("path")["label"]
    table = [(path, labels[path], "; ".join(reasons)) for path, reasons in sorted(found.items())]
    return pd.DataFrame(table, columns=["path", "label", "reason"])


def _count_leaks(
    manifest: pd.DataFrame, pairs: pd.DataFrame, patients: pd.DataFrame, suspects: pd.DataFrame
) -> dict[str, Any]:
    """What the audit counts, and what only this report does."""
    counted = count_leakage(manifest, pairs)
    testing = manifest[manifest["original_split"] == TESTING]
    training = manifest[manifest["original_split"] == TRAINING]
    across = pairs[~pairs["same_side_official"]]
    upright = across[across["transform"] == "identity"]
    return {
        **count_totals(manifest),
        **counted,
        "testing_with_exact_copy_in_training": int(testing["sha256"].isin(set(training["sha256"])).sum()),
        "twin_pairs_across": len(across),
        "twin_pairs_within": len(pairs) - len(across),
        "twin_pairs_turned": int((pairs["transform"] != "identity").sum()),
        "testing_with_twin_in_training_share": counted["testing_with_twin_in_training"] / max(1, len(testing)),
        "testing_with_upright_twin_in_training": count_images_in_pairs(testing, upright),
        "patients_on_both_sides": len(patients),
        "suspected_mislabels": len(suspects),
    }


def sample_near_duplicates(report: LeakageReport, count: int = 6, seed: int = 0) -> pd.DataFrame:
    """A few pairs across the official split for a picture, one of each transform first, then by lot.

    Returns rows of `report.twins`; exact copies are left out, as there is nothing to compare.
    """
    across = report.near_duplicates[~report.near_duplicates["same_side_official"] & ~report.near_duplicates["exact"]]
    order = np.random.default_rng(seed).permutation(len(across))
    mixed = across.iloc[order]
    first = mixed.drop_duplicates("transform")
    return pd.concat([first, mixed.drop(index=first.index)]).head(count).reset_index(drop=True)
