"""Leakage of the official folders Training and Testing, in the words and numbers that every page uses."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from braintumor.text import format_share


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
        f"{split.upright:,} of them ({format_share(split.upright, split.images)}) without rotation or mirroring.",
        f"For **{split.shared_patients:,}** of the {split.with_patient:,} test images whose patient is known "
        f"({format_share(split.shared_patients, split.with_patient)}), the patient is in the training folder too.",
    )
