"""Cases are test scans without repeats, in a reproducible order that does not reveal the class."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.phantom_sets import PHANTOM_ORIGIN
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import ScanError
from braintumor.reader_study.cases import Case, load_case, preview_cases, reference_mask, sample_cases
from braintumor.samples import list_previews, load_preview
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


def test_each_test_scan_is_sampled_once() -> None:
    cases = sample_cases(MANIFEST, 1)
    test = MANIFEST[MANIFEST["split"] == "test"]
    assert sorted(case.path for case in cases) == sorted(test["path"])
    assert all(case.label in case.path for case in cases)


def test_order_depends_on_the_seed_and_not_on_the_manifest() -> None:
    assert sample_cases(MANIFEST, 3) == sample_cases(MANIFEST.sample(frac=1.0, random_state=0), 3)
    assert sample_cases(MANIFEST, 3) != sample_cases(MANIFEST, 4)


@pytest.mark.slow
def test_every_class_is_equally_likely() -> None:
    firsts = Counter(sample_cases(MANIFEST, seed)[0].label for seed in range(400))
    assert all(70 <= firsts[label] <= 130 for label in CLASSES)


def test_every_patient_of_a_class_comes_before_any_repeats() -> None:
    for label in CLASSES:
        groups = [case.group for case in sample_cases(MANIFEST, 5) if case.label is label]
        patients = len(set(groups))
        assert len(set(groups[:patients])) == patients
        assert len(set(groups[patients : 2 * patients])) == patients


def test_copies_come_once_and_contradictory_labels_never() -> None:
    copies = MANIFEST.assign(sha256="same")
    assert len(sample_cases(copies, 0)) == 1
    contradictory = MANIFEST.assign(group=MANIFEST["group"].replace("glioma-test-0", "pituitary-test-0"))
    before, after = ({case.group for case in sample_cases(rows, 0)} for rows in (MANIFEST, contradictory))
    assert before - after == {"glioma-test-0", "pituitary-test-0"}


def test_only_tested_paths_are_sampled() -> None:
    tested_paths = set(MANIFEST["path"][::2])
    assert {case.path for case in sample_cases(MANIFEST, 0, tested_paths)} == tested_paths & {
        c.path for c in sample_cases(MANIFEST, 0)
    }


def test_committed_manifest_gives_no_training_scans(root: Path) -> None:
    manifest = pd.read_csv(root / "outputs" / "dataset" / "manifest.csv", dtype=str, keep_default_na=False)
    cases = sample_cases(manifest, 0)
    training = manifest[manifest["split"] != "test"]
    assert len(cases) > 1000
    assert not {case.group for case in cases} & set(training["group"])
    assert not {case.sha256 for case in cases} & set(training["sha256"])


def test_preview_cases_are_reproducible_test_scans_of_all_classes() -> None:
    cases, previews = preview_cases(2), list_previews().set_index("path")
    assert cases == preview_cases(2)
    assert cases != preview_cases(3)
    assert {case.label for case in cases} == set(CLASSES)
    assert set(previews.loc[[case.path for case in cases], "split"]) == {"test"}
    chosen = [case.path for case in cases[:3]]
    assert {case.path for case in preview_cases(2, chosen)} == set(chosen)
    assert len(preview_cases(2, ["Testing/glioma/other.jpg"])) == len(cases)


def test_preview_is_read_without_the_image_set(workspace: Settings) -> None:
    case = preview_cases(0)[0]
    assert np.array_equal(load_case(case, workspace).to_uint8(), load_preview(case.path))
    assert reference_mask(case, workspace) is None


def test_scan_is_read_from_the_image_set(workspace: Settings) -> None:
    path = workspace.dataset / "Testing" / "glioma" / "a.png"
    path.parent.mkdir(parents=True)
    pixels = make_phantom(TumorClass.GLIOMA, 1, 64).pixels
    Image.fromarray(pixels).save(path)
    case = Case(TumorClass.GLIOMA, "g", False, "Testing/glioma/a.png", "0" * 64, 64, 64)
    assert np.array_equal(load_case(case, workspace).to_uint8(), pixels)
    assert case.name == "a.png"
    assert reference_mask(case, workspace) is None


def test_missing_scan_is_reported(workspace: Settings) -> None:
    with pytest.raises(ScanError, match="no such file"):
        load_case(Case(TumorClass.GLIOMA, "g", False, "Testing/glioma/a.png"), workspace)


def test_cases_of_a_phantom_set_are_marked() -> None:
    assert all(case.is_phantom for case in sample_cases(MANIFEST.assign(origin=PHANTOM_ORIGIN), 0))
    assert not any(case.is_phantom for case in sample_cases(MANIFEST, 0))
