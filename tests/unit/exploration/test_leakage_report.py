"""The leakage report counts what ties the official folders together, and nothing else."""

import json
from typing import Any

import pandas as pd
import pytest

from braintumor.errors import DatasetError
from braintumor.exploration.leakage_report import build_leakage_report, load_leakage_report, sample_near_duplicates
from braintumor.settings import Settings


def _image(path: str, sha: str, patient: str = "", group: str = "") -> dict[str, Any]:
    split, label, _ = path.split("/")
    return {
        "path": path, "label": label, "original_split": split, "sha256": sha, "patient": patient, "group": group or sha,
    }  # fmt: skip


def _pair(a: str, b: str, distance: int, transform: str = "identity") -> dict[str, Any]:
    sides, labels = zip(*(p.split("/")[:2] for p in (a, b)), strict=True)
    return {
        "path_a": a, "path_b": b, "distance": distance, "transform": transform,
        "same_label": labels[0] == labels[1], "same_side_official": sides[0] == sides[1],
    }  # fmt: skip


MANIFEST = pd.DataFrame(
    [
        _image("Testing/glioma/a", "1", "P1"),
        _image("Training/glioma/b", "1", "P1"),
        _image("Training/glioma/c", "2", "P1"),
        _image("Testing/pituitary/d", "3", "P2"),
        _image("Training/meningioma/e", "4", "P2"),
        _image("Training/meningioma/f", "5", "P2"),
        _image("Testing/notumor/g", "6"),
        _image("Training/notumor/h", "7"),
        _image("Testing/notumor/i", "8", "P3"),
    ]
)
TWINS = pd.DataFrame(
    [
        _pair("Testing/glioma/a", "Training/glioma/b", 0),
        _pair("Testing/pituitary/d", "Training/meningioma/e", 2),
        _pair("Testing/notumor/g", "Training/notumor/h", 7, "mirror"),
        _pair("Training/glioma/b", "Training/glioma/c", 5, "rotate 90"),
    ]
)


def test_every_number_is_the_one_counted_by_hand() -> None:
    numbers = build_leakage_report(MANIFEST, TWINS).numbers
    assert numbers == {
        "images": 9,
        "exact_copies": 1,
        "patients": 3,
        "groups": 8,
        "largest_group": 2,
        "official_testing": 4,
        "twin_pairs": 4,
        "twin_pairs_of_other_label": 1,
        "exact_pairs_across": 1,
        "testing_with_twin_in_training": 3,
        "testing_with_near_identical_in_training": 2,
        "testing_with_upright_near_identical_in_training": 2,
        "testing_with_known_patient": 3,
        "testing_with_patient_in_training": 2,
        "patients_on_both_sides": 2,
        "testing_with_exact_copy_in_training": 1,
        "twin_pairs_across": 3,
        "twin_pairs_within": 1,
        "twin_pairs_turned": 2,
        "testing_with_twin_in_training_share": 0.75,
        "testing_with_upright_twin_in_training": 2,
        "suspected_mislabels": 2,
    }


def test_the_sentence_says_the_numbers() -> None:
    sentence = build_leakage_report(MANIFEST, TWINS).summary
    assert "Of 4 images" in sentence
    assert "3 (75%)" in sentence
    assert "2 of the 3" in sentence


def test_tables_list_the_patients_and_the_pairs_nearest_first() -> None:
    report = build_leakage_report(MANIFEST, TWINS)
    assert report.patients.to_dict("list") == {"patient": ["P1", "P2"], "training": [2, 2], "testing": [1, 1]}
    assert report.near_duplicates["distance"].tolist() == [0, 2, 5, 7]
    assert report.near_duplicates["exact"].tolist() == [True, False, False, False]
    assert report.near_duplicates.loc[1, ["label_a", "label_b"]].tolist() == ["pituitary", "meningioma"]


def test_suspects_say_what_they_contradict() -> None:
    suspects = build_leakage_report(MANIFEST, TWINS).suspects.set_index("path")
    assert set(suspects.index) == {"Testing/pituitary/d", "Training/meningioma/e"}
    reason = suspects.loc["Testing/pituitary/d", "reason"]
    assert "near-duplicate (2 of 128 bits), Training/meningioma/e, is labelled meningioma" in reason
    assert "patient P2 are mostly labelled meningioma" in reason


def test_examples_cross_the_split_are_no_exact_copies_and_show_each_transform() -> None:
    found = sample_near_duplicates(build_leakage_report(MANIFEST, TWINS), count=5)
    assert set(found["transform"]) == {"identity", "mirror"}
    assert not found["same_side_official"].any()
    assert not found["exact"].any()


def test_a_set_without_twins_leaks_nothing_by_them() -> None:
    numbers = build_leakage_report(MANIFEST, TWINS.head(0)).numbers
    assert numbers["testing_with_twin_in_training"] == numbers["twin_pairs"] == 0
    assert numbers["patients_on_both_sides"] == 2


def test_the_report_and_the_audit_count_alike(audited: Settings, manifest: pd.DataFrame) -> None:
    told = json.loads((audited.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
    counted = {**told["leakage"], **{name: told[name] for name in ("images", "exact_copies", "patients", "groups")}}
    numbers = load_leakage_report(manifest, audited).numbers
    assert {name: numbers[name] for name in counted} == counted


def test_phantoms_leak_as_they_were_drawn_to(audited: Settings, manifest: pd.DataFrame) -> None:
    numbers = load_leakage_report(manifest, audited).numbers
    assert numbers["testing_with_twin_in_training"] > 0
    assert numbers["testing_with_exact_copy_in_training"] > 0
    assert 0 < numbers["testing_with_patient_in_training"] <= numbers["testing_with_known_patient"]


def test_without_a_table_of_twins_it_says_what_to_run(workspace: Settings, manifest: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match="data audit"):
        load_leakage_report(manifest, workspace)
