"""Groups and splits of external images: no person and no copy is on two sides."""

import numpy as np
import pandas as pd

from braintumor.datasets.external.grouping import assign_external_groups, assign_external_splits

_DIFFERENT = np.random.default_rng(0).integers(0, 2**63, (100, 8, 2), np.uint64)


def _rows(origin: str, patients: list[str], label: str = "notumor") -> pd.DataFrame:
    rows = pd.DataFrame({"origin": origin, "patient": patients, "label": label, "field": ""})
    return rows.assign(sha256=[f"{origin}{number}" for number in range(len(rows))])


_NO_KAGGLE = pd.DataFrame({"label": [], "sha256": [], "group": [], "split": []}, dtype=str)


def _group(external: pd.DataFrame, hashes: np.ndarray, kaggle: pd.DataFrame = _NO_KAGGLE) -> tuple[list[str], dict]:
    groups, splits = assign_external_groups(external, hashes[len(kaggle) :], kaggle, hashes[: len(kaggle)])
    return groups.tolist(), splits


def test_images_of_a_person_are_one_group_within_their_source() -> None:
    external = pd.concat([_rows("ds000011", ["sub-01", "sub-01"]), _rows("ds002748_t1", ["sub-01"])], ignore_index=True)
    assert _group(external, _DIFFERENT[:3])[0] == ["ds000011/sub-01", "ds000011/sub-01", "ds002748_t1/sub-01"]


def test_near_duplicate_of_a_kaggle_image_joins_its_group_and_split() -> None:
    kaggle = pd.DataFrame({"label": ["glioma"], "sha256": ["k"], "group": ["g00001"], "split": ["test"]})
    external = _rows("brats21_t2", ["a", "b"], "glioma")
    hashes = _DIFFERENT[:3].copy()
    hashes[2] = hashes[0] ^ np.uint64(1)  # two bits of each hash differ
    groups, splits = _group(external, hashes, kaggle)
    assert groups == ["brats21_t2/a", "g00001"]
    assert splits == {"g00001": "test"}
    assert assign_external_splits(external.assign(group=groups), splits)[1] == "test"


def test_near_duplicates_of_another_label_or_of_two_numbered_people_are_not_joined() -> None:
    same = np.repeat(_DIFFERENT[:1], 2, axis=0)
    assert len(set(_group(_rows("ds002748_t1", ["sub-01", "sub-02"]), same)[0])) == 2
    assert len(set(_group(_rows("brats21_t2", ["a", "b"]), same)[0])) == 1
    mixed = _rows("brats21_t2", ["a", "b"]).assign(label=["glioma", "notumor"])
    assert len(set(_group(mixed, same)[0])) == 2


def test_slices_outside_the_brain_are_near_duplicates_of_nothing() -> None:
    external = _rows("brats21_t2", ["a", "b"]).assign(field="outside")
    assert len(set(_group(external, np.repeat(_DIFFERENT[:1], 2, axis=0))[0])) == 2


def test_set_without_patient_numbers_is_one_training_group() -> None:
    external = pd.concat(
        [_rows("rsna_brats21_t1c", [""] * 6), _rows("brats21_t2", list("abcdefghij"))], ignore_index=True
    )
    groups, splits = _group(external, _DIFFERENT[: len(external)])
    assert set(groups[:6]) == {"rsna_brats21_t1c/"}
    assert set(assign_external_splits(external.assign(group=groups), splits)[:6]) == {"train"}


def test_groups_of_each_source_are_split_60_20_20_with_whole_groups() -> None:
    external = _rows("lgg_other", [f"p{number % 20}" for number in range(100)])
    external["group"] = external["origin"] + "/" + external["patient"]
    splits = assign_external_splits(external, {})
    assert splits.value_counts().to_dict() == {"train": 60, "validation": 20, "test": 20}
    assert (external.assign(split=splits).groupby("group")["split"].nunique() == 1).all()
    assert splits.equals(assign_external_splits(external, {}))
