"""The leakage report counts copies, near-duplicates and patients shared by the official folders."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.manifest import manifest_path, read_manifest
from braintumor.datasets.near_duplicates import ORIENTATIONS, compute_orientation_hashes, find_near_duplicates
from braintumor.errors import DatasetError
from braintumor.exploration.leakage_report import (
    NEAR_DUPLICATES_FILE,
    apply_orientation,
    build_leakage_report,
    load_leakage_report,
    make_pair_tiles,
    sample_near_duplicates,
)
from braintumor.exploration.montage import make_montage
from braintumor.settings import Settings, get_settings


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
PAIRS = pd.DataFrame(
    [
        _pair("Testing/glioma/a", "Training/glioma/b", 0),
        _pair("Testing/pituitary/d", "Training/meningioma/e", 2),
        _pair("Testing/notumor/g", "Training/notumor/h", 7, "mirror"),
        _pair("Training/glioma/b", "Training/glioma/c", 5, "rotate 90"),
    ]
)


def test_numbers_equal_a_manual_count() -> None:
    numbers = build_leakage_report(MANIFEST, PAIRS).numbers
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


def test_summary_has_the_numbers() -> None:
    summary = build_leakage_report(MANIFEST, PAIRS).summary
    assert "Of 4 images" in summary
    assert "3 (75%)" in summary
    assert "Of the 3 whose patient is known, 2 show a patient who is also in Training" in summary


def test_tables_list_shared_patients_and_most_similar_pairs_first() -> None:
    report = build_leakage_report(MANIFEST, PAIRS)
    assert report.patients.to_dict("list") == {"patient": ["P1", "P2"], "training": [2, 2], "testing": [1, 1]}
    assert report.near_duplicates["distance"].tolist() == [0, 2, 5, 7]
    assert report.near_duplicates["exact"].tolist() == [True, False, False, False]
    assert report.near_duplicates.loc[1, ["label_a", "label_b"]].tolist() == ["pituitary", "meningioma"]


def test_suspects_state_the_contradiction() -> None:
    suspects = build_leakage_report(MANIFEST, PAIRS).suspects.set_index("path")
    assert set(suspects.index) == {"Testing/pituitary/d", "Training/meningioma/e"}
    reason = suspects.loc["Testing/pituitary/d", "reason"]
    assert "near-duplicate (2 of 128 bits), Training/meningioma/e, is labelled meningioma" in reason
    assert "patient P2 are mostly labelled meningioma" in reason


def test_samples_cross_the_split_and_cover_each_transform() -> None:
    pairs = sample_near_duplicates(build_leakage_report(MANIFEST, PAIRS), count=5)
    assert set(pairs["transform"]) == {"identity", "mirror"}
    assert not pairs["same_side_official"].any()
    assert not pairs["exact"].any()


def test_no_pairs_give_zero_counts() -> None:
    numbers = build_leakage_report(MANIFEST, PAIRS.head(0)).numbers
    assert numbers["testing_with_twin_in_training"] == numbers["twin_pairs"] == 0
    assert numbers["patients_on_both_sides"] == 2


def test_report_and_audit_have_equal_counts(audited: Settings, manifest: pd.DataFrame) -> None:
    audit = json.loads((audited.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
    expected = {**audit["leakage"], **{name: audit[name] for name in ("images", "exact_copies", "patients", "groups")}}
    numbers = load_leakage_report(manifest, audited).numbers
    assert {name: numbers[name] for name in expected} == expected


def test_phantoms_leak_by_design(audited: Settings, manifest: pd.DataFrame) -> None:
    numbers = load_leakage_report(manifest, audited).numbers
    assert numbers["testing_with_twin_in_training"] > 0
    assert numbers["testing_with_exact_copy_in_training"] > 0
    assert 0 < numbers["testing_with_patient_in_training"] <= numbers["testing_with_known_patient"]


@pytest.mark.parametrize("content", [b"", b"\x00broken", b"\x1f\x8b\x08\x00cut short"])
def test_damaged_table_names_the_command(content: bytes, workspace: Settings, manifest: pd.DataFrame) -> None:
    workspace.dataset_outputs.mkdir(parents=True, exist_ok=True)
    (workspace.dataset_outputs / NEAR_DUPLICATES_FILE).write_bytes(content)
    with pytest.raises(DatasetError, match=r"cannot be read.*data audit"):
        load_leakage_report(manifest, workspace)


def test_missing_table_names_the_command(workspace: Settings, manifest: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match="data audit"):
        load_leakage_report(manifest, workspace)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    size = (64, 64)
    values = [np.asarray(Image.fromarray(image).resize(size), float).ravel() for image in (one, other)]
    return float(np.corrcoef(values)[0, 1])


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_orientation_of_the_audit_restores_the_image(orientation: str) -> None:
    coarse = np.random.default_rng(1).integers(0, 256, (6, 6), np.uint8)
    image = np.asarray(Image.fromarray(coarse).resize((90, 90)))
    transformed = apply_orientation(image, orientation)
    hashes = np.stack([compute_orientation_hashes(Image.fromarray(view)) for view in (image, transformed)])
    detected = ORIENTATIONS[int(find_near_duplicates(hashes)["orientation"].iloc[0])]
    assert np.array_equal(apply_orientation(transformed, detected), image)
    assert np.array_equal(transformed, image) == (orientation == "identity")


def test_transformed_pairs_of_phantoms_are_similar(audited: Settings, manifest: pd.DataFrame) -> None:
    report = load_leakage_report(manifest, audited)
    pairs = sample_near_duplicates(report, count=8)
    tiles = make_pair_tiles(pairs, audited)
    assert len(tiles) == 2 * len(pairs)
    assert {"mirror"} <= set(pairs["transform"])
    for first, second in zip(tiles[::2], tiles[1::2], strict=True):
        assert _correlation(first.pixels, second.pixels) > 0.8
    assert tiles[0].caption[0].split(", ")[0] in ("Testing", "Training")
    assert make_montage(tiles, columns=4, tile_size=60).shape[2] == 3


@pytest.mark.real
def test_transformed_pairs_of_real_scans_are_similar() -> None:
    settings = get_settings()
    if not Path(manifest_path(settings)).is_file():
        pytest.skip("the real data set has not been audited")
    pairs = sample_near_duplicates(load_leakage_report(read_manifest(settings), settings), count=16, seed=1)
    tiles = make_pair_tiles(pairs, settings)
    correlations = [_correlation(a.pixels, b.pixels) for a, b in zip(tiles[::2], tiles[1::2], strict=True)]
    assert np.mean(correlations) > 0.85
