"""Report copies, near-duplicates and patients on both sides of the official split, and suspected wrong labels."""

import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import TESTING, TRAINING
from braintumor.datasets.split_leakage import count_leakage, count_totals
from braintumor.enums import TumorClass
from braintumor.errors import DatasetError
from braintumor.exploration.montage import Tile, read_dataset_image
from braintumor.settings import Settings, get_settings

NEAR_DUPLICATES_FILE: Final = "near_duplicates.csv.gz"
_MIRROR: Final = "mirror"


@dataclass(frozen=True, slots=True, eq=False)
class LeakageReport:
    """Images and patients that are in both the official Training and Testing folders.

    Attributes
    ----------
    numbers : dict of str to int or float
        Counts of the audit (`braintumor.datasets.split_leakage`) and a few more.
    near_duplicates : DataFrame
        Pairs of near-duplicates, most similar first: `path_a`, `path_b`, `distance` (of 128 bits), `transform` (that
        turns b into a), `exact`, `label_a`, `label_b`, `same_label`, `same_side_official`.
    patients : DataFrame
        Patients on both sides: `patient`, `training`, `testing` (number of images).
    suspects : DataFrame
        Images with a suspected wrong label: `path`, `label`, `reason`.
    """

    numbers: dict[str, Any]
    near_duplicates: pd.DataFrame
    patients: pd.DataFrame
    suspects: pd.DataFrame

    @property
    def summary(self) -> str:
        """Summary of the report in one sentence."""
        n = self.numbers
        return (
            f"Of {n['official_testing']:,} images in the official Testing folder, "
            f"{n['testing_with_twin_in_training']:,} ({n['testing_with_twin_in_training_share']:.0%}) have a "
            f"near-duplicate in Training. Of the {n['testing_with_known_patient']:,} whose patient is known, "
            f"{n['testing_with_patient_in_training']:,} show a patient who is also in Training."
        )


def load_leakage_report(manifest: pd.DataFrame, settings: Settings | None = None) -> LeakageReport:
    """Build the report of the data set from its manifest and `outputs/dataset/near_duplicates.csv.gz`.

    Raises
    ------
    DatasetError
        The table of near-duplicates is missing or damaged.
    """
    path = (settings or get_settings()).dataset_outputs / NEAR_DUPLICATES_FILE
    try:
        near_duplicates = pd.read_csv(path)
    except FileNotFoundError:
        raise DatasetError(f"There is no {NEAR_DUPLICATES_FILE} yet. Compute it with: braintumor data audit") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DatasetError(
            f"{NEAR_DUPLICATES_FILE} cannot be read ({error}). Compute it again: braintumor data audit"
        ) from error
    return build_leakage_report(manifest, near_duplicates)


def build_leakage_report(manifest: pd.DataFrame, near_duplicates: pd.DataFrame) -> LeakageReport:
    """Count and list leakage across the official split.

    Parameters
    ----------
    manifest : DataFrame
        One row per image, as `braintumor.datasets.manifest` describes.
    near_duplicates : DataFrame
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
    with_patient = manifest[manifest["patient"] != ""]
    sides = pd.crosstab(with_patient["patient"], with_patient["original_split"]).reindex(
        columns=[TRAINING, TESTING], fill_value=0
    )
    both = sides[(sides > 0).all(axis=1)].reset_index()
    both.columns = pd.Index(["patient", "training", "testing"])
    return both.sort_values(["testing", "patient"], ascending=[False, True]).reset_index(drop=True)


def _find_suspects(manifest: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """List images whose label differs from that of a copy, a near-duplicate or most images of the same patient."""
    reasons_by_path: dict[str, list[str]] = {}
    for row in pairs[~pairs["same_label"]].to_dict("records"):
        relation = "an exact copy" if row["exact"] else f"a near-duplicate ({row['distance']} of 128 bits)"
        for path, other, label in (
            (row["path_a"], row["path_b"], row["label_b"]),
            (row["path_b"], row["path_a"], row["label_a"]),
        ):
            reasons_by_path.setdefault(path, []).append(f"{relation}, {other}, is labelled {label}")
    with_patient = manifest[manifest["patient"] != ""]
    usual = with_patient.groupby("patient")["label"].agg(lambda labels: labels.mode().iloc[0])
    odd = with_patient[with_patient["label"] != with_patient["patient"].map(usual)]
    for row in odd.to_dict("records"):
        reason = f"the other images of patient {row['patient']} are mostly labelled {usual[row['patient']]}"
        reasons_by_path.setdefault(row["path"], []).append(reason)
    labels = manifest.set_index("path")["label"]
    table = [(path, labels[path], "; ".join(reasons)) for path, reasons in sorted(reasons_by_path.items())]
    return pd.DataFrame(table, columns=["path", "label", "reason"])


def _count_leaks(
    manifest: pd.DataFrame, pairs: pd.DataFrame, patients: pd.DataFrame, suspects: pd.DataFrame
) -> dict[str, Any]:
    """Return the counts of the audit and those of this report."""
    audit_counts = count_leakage(manifest, pairs)
    testing = manifest[manifest["original_split"] == TESTING]
    training = manifest[manifest["original_split"] == TRAINING]
    across = pairs[~pairs["same_side_official"]]
    return {
        **count_totals(manifest),
        **audit_counts,
        "testing_with_exact_copy_in_training": int(testing["sha256"].isin(set(training["sha256"])).sum()),
        "twin_pairs_across": len(across),
        "twin_pairs_within": len(pairs) - len(across),
        "twin_pairs_turned": int((pairs["transform"] != "identity").sum()),
        "testing_with_twin_in_training_share": audit_counts["testing_with_twin_in_training"] / max(1, len(testing)),
        "patients_on_both_sides": len(patients),
        "suspected_mislabels": len(suspects),
    }


def sample_near_duplicates(report: LeakageReport, count: int = 6, seed: int = 0) -> pd.DataFrame:
    """Sample pairs across the official split: one of each transform first, then at random.

    Returns rows of `report.near_duplicates`, without exact copies.
    """
    across = report.near_duplicates[~report.near_duplicates["same_side_official"] & ~report.near_duplicates["exact"]]
    order = np.random.default_rng(seed).permutation(len(across))
    shuffled = across.iloc[order]
    first = shuffled.drop_duplicates("transform")
    return pd.concat([first, shuffled.drop(index=first.index)]).head(count).reset_index(drop=True)


def apply_orientation(pixels: NDArray[np.uint8], transform: str) -> NDArray[np.uint8]:
    """Mirror an image left to right if the transform says so, then rotate it counter-clockwise.

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
    """Read both images of each pair, for a montage with an even number of columns.

    Parameters
    ----------
    pairs : DataFrame
        Rows of `LeakageReport.near_duplicates`, such as from `sample_near_duplicates`.

    Returns
    -------
    list of Tile
        First and second image of each pair in turn. The caption of the second states its orientation and how many
        of the 128 hash bits differ.

    Raises
    ------
    ScanError
        A file is missing or damaged.
    """
    settings = settings or get_settings()
    tiles = []
    for pair in pairs.to_dict("records"):
        first, second = (read_dataset_image(pair[side], settings) for side in ("path_a", "path_b"))
        orientation = "not transformed" if pair["transform"] == "identity" else pair["transform"]
        label = TumorClass(pair["label_a"]).title
        tiles.append(Tile(pair["path_a"], (_format_path(pair["path_a"]), label), first.to_uint8()))
        pixels = apply_orientation(second.to_uint8(), pair["transform"])
        distance = f"{pair['distance']} of 128 bits differ"
        tiles.append(Tile(pair["path_b"], (_format_path(pair["path_b"]), f"{orientation}; {distance}"), pixels))
    return tiles


def _format_path(path: str) -> str:
    """Return split and file name, such as `Testing, Te-gl_0010.jpg`."""
    split, _, file = path.split("/")
    return f"{split}, {file}"
