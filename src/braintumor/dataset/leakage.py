"""What the audit counts: sizes, modes, copies, groups, and how much the official split leaks."""

from typing import Any

import pandas as pd

TRAINING, TESTING = "Training", "Testing"
# Twins at most this many bits apart are the same picture to the eye; up to 10 bits, neighbouring slices count too.
NEAR_IDENTICAL = 4


def summarize(manifest: pd.DataFrame) -> dict[str, Any]:
    """Counts over the manifest, as plain data for `audit.json`."""
    sizes = manifest["width"].astype(str) + "x" + manifest["height"].astype(str)
    whole = extent(manifest)
    return {
        "images": whole["images"],
        "by_label": _counts(manifest["label"]),
        "by_original_split": _counts(manifest["original_split"]),
        "by_origin": _counts(manifest["origin"]),
        "by_plane": _counts(manifest["plane"]),
        "modes": _counts(manifest["mode"]),
        "sizes": {"distinct": int(sizes.nunique()), "most_common": _counts(sizes, most=5)},
        "exact_copies": whole["exact_copies"],
        "patients": whole["patients"],
        "images_with_patient": int((manifest["patient"] != "").sum()),
        "images_with_mask": int(manifest["has_mask"].sum()),
        "groups": whole["groups"],
        "groups_by_label": {
            str(label): int(part["group"].nunique()) for label, part in manifest.groupby("label", sort=True)
        },
        "largest_group": whole["largest_group"],
    }


def extent(manifest: pd.DataFrame) -> dict[str, int]:
    """How many images, copies, known patients and independent groups there are."""
    return {
        "images": len(manifest),
        "exact_copies": len(manifest) - int(manifest["sha256"].nunique()),
        "patients": int(manifest.loc[manifest["patient"] != "", "patient"].nunique()),
        "groups": int(manifest["group"].nunique()),
        "largest_group": int(manifest["group"].value_counts().max()) if len(manifest) else 0,
    }


def leakage(manifest: pd.DataFrame, twins: pd.DataFrame) -> dict[str, Any]:
    """How many official Testing images have a near twin, or their patient, in Training.

    Parameters
    ----------
    manifest : DataFrame
    twins : DataFrame
        The twin table of the audit: `path_a`, `path_b`, `distance`, `transform`, `exact`, `same_label`,
        `same_side_official`.
    """
    testing = manifest[manifest["original_split"] == TESTING]
    trained = set(manifest.loc[manifest["original_split"] == TRAINING, "patient"]) - {""}
    known = testing[testing["patient"] != ""]
    across = twins[~twins["same_side_official"]]
    identical = across[across["distance"] <= NEAR_IDENTICAL]
    upright = identical[identical["transform"] == "identity"]
    return {
        "official_testing": len(testing),
        "twin_pairs": len(twins),
        "twin_pairs_of_other_label": int((~twins["same_label"]).sum()),
        "exact_pairs_across": int(across["exact"].sum()),
        "testing_with_twin_in_training": touched(testing, across),
        "testing_with_near_identical_in_training": touched(testing, identical),
        "testing_with_upright_near_identical_in_training": touched(testing, upright),
        "testing_with_known_patient": len(known),
        "testing_with_patient_in_training": int(known["patient"].isin(trained).sum()),
        "patients_on_both_sides": int(known.loc[known["patient"].isin(trained), "patient"].nunique()),
    }


def touched(images: pd.DataFrame, pairs: pd.DataFrame) -> int:
    """How many of the images are in any of the pairs."""
    return len((set(pairs["path_a"]) | set(pairs["path_b"])) & set(images["path"]))


def _counts(values: pd.Series, most: int = 100) -> dict[str, int]:
    return {str(key): int(count) for key, count in values.value_counts().head(most).items()}
