"""Counts of the audit: sizes, modes, copies, groups, and the leakage of the official split."""

from typing import Any

import pandas as pd

from braintumor.datasets.catalog import TESTING, TRAINING


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


def count_images_in_pairs(images: pd.DataFrame, pairs: pd.DataFrame) -> int:
    """Count the images that occur in at least one pair."""
    return len((set(pairs["path_a"]) | set(pairs["path_b"])) & set(images["path"]))


def _value_counts(values: pd.Series, top: int = 100) -> dict[str, int]:
    return {str(key): int(count) for key, count in values.value_counts().head(top).items()}
