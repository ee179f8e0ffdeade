"""Counts of the audit: sizes, modes, copies, groups, and the leakage of the official split."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from braintumor.datasets.catalog import TESTING, TRAINING
from braintumor.text import format_share


def summarize_manifest(manifest: pd.DataFrame) -> dict[str, Any]:
    """Count sizes, labels, copies and groups of the manifest, as plain data for `audit.json`."""
    sizes = manifest["width"].astype(str) + "x" + manifest["height"].astype(str)
    totals = count_totals(manifest)
    return {
        "images": totals["images"],
        "by_label": _value_counts(manifest["label"]),
        "by_original_split": _value_counts(manifest["original_split"]),
        "by_origin": _value_counts(manifest["origin"]),
        "by_plane": _value_counts(manifest["plane"]),
        "modes": _value_counts(manifest["mode"]),
        "sizes": {"distinct": int(sizes.nunique()), "most_common": _value_counts(sizes, top=5)},
        "exact_copies": totals["exact_copies"],
        "patients": totals["patients"],
        "images_with_patient": int((manifest["patient"] != "").sum()),
        "images_with_mask": int(manifest["has_mask"].sum()),
        "groups": totals["groups"],
        "groups_by_label": {
            str(label): int(part["group"].nunique()) for label, part in manifest.groupby("label", sort=True)
        },
        "largest_group": totals["largest_group"],
    }


def count_totals(manifest: pd.DataFrame) -> dict[str, int]:
    """Count images, exact copies, known patients and independent groups."""
    return {
        "images": len(manifest),
        "exact_copies": len(manifest) - int(manifest["sha256"].nunique()),
        "patients": int(manifest.loc[manifest["patient"] != "", "patient"].nunique()),
        "groups": int(manifest["group"].nunique()),
        "largest_group": int(manifest["group"].value_counts().max()) if len(manifest) else 0,
    }


def count_leakage(manifest: pd.DataFrame, near_duplicates: pd.DataFrame) -> dict[str, Any]:
    """Count the official Testing images with a near-duplicate, or with their patient, in Training.

    Parameters
    ----------
    manifest : DataFrame
    near_duplicates : DataFrame
        Pairs of the audit: `path_a`, `path_b`, `distance`, `transform`, `exact`, `same_label`, `same_side_official`.
    """
    testing = manifest[manifest["original_split"] == TESTING]
    trained = set(manifest.loc[manifest["original_split"] == TRAINING, "patient"]) - {""}
    with_patient = testing[testing["patient"] != ""]
    across = near_duplicates[~near_duplicates["same_side_official"]]
    upright = across[across["transform"] == "identity"]
    return {
        "official_testing": len(testing),
        "twin_pairs": len(near_duplicates),
        "twin_pairs_of_other_label": int((~near_duplicates["same_label"]).sum()),
        "exact_pairs_across": int(across["exact"].sum()),
        "testing_with_twin_in_training": count_images_in_pairs(testing, across),
        "testing_with_upright_twin_in_training": count_images_in_pairs(testing, upright),
        "testing_with_known_patient": len(with_patient),
        "testing_with_patient_in_training": int(with_patient["patient"].isin(trained).sum()),
        "patients_on_both_sides": int(with_patient.loc[with_patient["patient"].isin(trained), "patient"].nunique()),
    }


class OfficialSplit(NamedTuple):
    """Counts of official test images; near-duplicates as the glossary defines them.

    Attributes
    ----------
    images : int
        All official test images.
    near_duplicates : int
        Those with a near-duplicate in the training folder, in any orientation.
    upright : int
        Those with a near-duplicate that is neither rotated nor mirrored.
    with_patient, shared_patients : int
        Those whose patient is known, and those of them whose patient is in the training folder too.
    """

    images: int
    near_duplicates: int
    upright: int
    with_patient: int
    shared_patients: int


def read_official_split(audit: Mapping[str, Any]) -> OfficialSplit:
    """Return the counts of `audit.json`; zero where one is missing."""
    leakage = audit.get("leakage", {})
    names = (
        "official_testing", "testing_with_twin_in_training", "testing_with_upright_twin_in_training",
        "testing_with_known_patient", "testing_with_patient_in_training",
    )  # fmt: skip
    return OfficialSplit(*(int(leakage.get(name, 0)) for name in names))


def summarize_official_split(audit: Mapping[str, Any]) -> tuple[str, str]:
    """Say how many official test images have a near-duplicate, and how many their patient, in the training folder."""
    split = read_official_split(audit)
    return (
        f"The official split leaks: **{split.near_duplicates:,} of {split.images:,}** official test images "
        f"({format_share(split.near_duplicates, split.images)}) have a near-duplicate in the training folder, "
        f"{split.upright:,} ({format_share(split.upright, split.images)}) even without rotation or mirroring.",
        f"For **{split.shared_patients:,}** of the {split.with_patient:,} test images whose patient is known "
        f"({format_share(split.shared_patients, split.with_patient)}), the patient is in the training folder too.",
    )


def count_images_in_pairs(images: pd.DataFrame, pairs: pd.DataFrame) -> int:
    """Count the images that occur in at least one pair."""
    return len((set(pairs["path_a"]) | set(pairs["path_b"])) & set(images["path"]))


def _value_counts(values: pd.Series, top: int = 100) -> dict[str, int]:
    return {str(key): int(count) for key, count in values.value_counts().head(top).items()}
