"""Practice: test scans only, without repeats, in an order that a seed fixes and that gives no class away."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.phantom_sets import PHANTOM_ORIGIN, make_phantom
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import ScanError
from braintumor.reader_study.cases import Case, load_case, phantom_cases, reference_mask, sample_cases
from braintumor.settings import Settings


def _manifest(groups: dict[str, int], size: int = 3) -> pd.DataFrame:
    rows = [
        {"path": f"Testing/{label}/{label}-{split}-{group}-{image}.jpg", "label": label, "split": split,
         "group": f"{label}-{split}-{group}", "sha256": f"{label}{split}{group}{image}", "origin": "somewhere",
         "width": 64, "height": 64}
        for label, count in groups.items()
        for split in ("train", "validation", "test")
        for group in range(count)
        for image in range(size)
    ]  # fmt: skip
    return pd.DataFrame(rows)


MANIFEST = _manifest({"glioma": 2, "meningioma": 9, "notumor": 30, "pituitary": 5})


def test_only_test_scans_are_drawn_and_each_once() -> None:
    order = sample_cases(MANIFEST, 1)
    test = MANIFEST[MANIFEST["split"] == "test"]
    assert sorted(case.path for case in order) == sorted(test["path"])
    assert all(case.label in case.path for case in order)


def test_a_seed_fixes_the_order_whatever_that_of_the_manifest() -> None:
    assert sample_cases(MANIFEST, 3) == sample_cases(MANIFEST.sample(frac=1.0, random_state=0), 3)
    assert sample_cases(MANIFEST, 3) != sample_cases(MANIFEST, 4)


def test_every_class_is_as_likely_however_rare() -> None:
    firsts = Counter(sample_cases(MANIFEST, seed)[0].label for seed in range(400))
    assert all(70 <= firsts[label] <= 130 for label in CLASSES)


def test_every_patient_of_a_class_comes_before_any_comes_again() -> None:
    for label in CLASSES:
        met = [case.group for case in sample_cases(MANIFEST, 5) if case.label is label]
        patients = len(set(met))
        assert len(set(met[:patients])) == patients
        assert len(set(met[patients : 2 * patients])) == patients


def test_a_copy_comes_once_and_a_contradicted_label_never() -> None:
    copies = MANIFEST.assign(sha256="same")
    assert len(sample_cases(copies, 0)) == 1
    doubtful = MANIFEST.assign(group=MANIFEST["group"].replace("glioma-test-0", "pituitary-test-0"))
    assert {case.group for case in sample_cases(MANIFEST, 0)} - {case.group for case in sample_cases(doubtful, 0)} == {
        "glioma-test-0", "pituitary-test-0",
    }  # fmt: skip


def test_what_a_version_learnt_from_on_its_own_split_is_not_drawn() -> None:
    held_out = set(MANIFEST["path"][::2])
    assert {case.path for case in sample_cases(MANIFEST, 0, held_out)} == held_out & {
        c.path for c in sample_cases(MANIFEST, 0)
    }


def test_the_real_test_split_is_dealt_without_a_training_scan(root: Path) -> None:
    manifest = pd.read_csv(root / "outputs" / "dataset" / "manifest.csv", dtype=str, keep_default_na=False)
    order = sample_cases(manifest, 0)
    learnt = manifest[manifest["split"] != "test"]
    assert len(order) > 1000
    assert not {case.group for case in order} & set(learnt["group"])
    assert not {case.sha256 for case in order} & set(learnt["sha256"])


def test_phantoms_are_dealt_alike_and_say_that_they_are_drawn() -> None:
    order = phantom_cases(2, 80)
    assert order == phantom_cases(2, 80)
    assert order != phantom_cases(3, 80)
    assert all(case.is_phantom for case in order)
    assert len({case.group for case in order}) == 80
    assert {case.label for case in order} == set(CLASSES)
    assert not any(label in case.name for case in order for label in CLASSES)


def test_a_phantom_is_drawn_with_its_mask(workspace: Settings) -> None:
    case = next(case for case in phantom_cases(0) if case.label is TumorClass.MENINGIOMA)
    phantom = make_phantom(case.label, case.phantom_id)
    mask = reference_mask(case, workspace)
    assert mask is not None
    assert np.array_equal(mask, phantom.mask)
    assert np.array_equal(load_case(case, workspace).to_uint8(), phantom.pixels)


def test_a_scan_is_read_from_the_image_set(workspace: Settings) -> None:
    target = workspace.dataset / "Testing" / "glioma" / "a.png"
    target.parent.mkdir(parents=True)
    pixels = make_phantom(TumorClass.GLIOMA, 1, 64).pixels
    Image.fromarray(pixels).save(target)
    case = Case(TumorClass.GLIOMA, "g", False, "Testing/glioma/a.png", "0" * 64, 64, 64)
    assert np.array_equal(load_case(case, workspace).to_uint8(), pixels)
    assert case.name == "a.png"
    assert reference_mask(case, workspace) is None


def test_a_scan_that_is_gone_is_said_to_be(workspace: Settings) -> None:
    with pytest.raises(ScanError, match="no such file"):
        load_case(Case(TumorClass.GLIOMA, "g", False, "Testing/glioma/a.png"), workspace)


def test_a_drawn_set_is_marked_as_drawn() -> None:
    assert all(case.is_phantom for case in sample_cases(MANIFEST.assign(origin=PHANTOM_ORIGIN), 0))
    assert not any(case.is_phantom for case in sample_cases(MANIFEST, 0))
