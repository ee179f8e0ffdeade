"""The outside check: copies are found in any orientation, clusters count once, and both sides are kept apart."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.phantom_sets import make_phantom
from braintumor.enums import TumorClass, Verdict
from braintumor.evaluation.stress_test.external import index_external_images, nearest_hash_distance, score_external
from braintumor.settings import Settings


def _save(pixels: np.ndarray, path: object) -> None:
    Image.fromarray(np.ascontiguousarray(pixels)).save(path)


@pytest.fixture
def pictures(workspace: Settings) -> pd.DataFrame:
    """Two scans of the set; outside, a turned copy of the first, a new one twice, and what cannot be read."""
    scans = [make_phantom(TumorClass.GLIOMA, seed, 160).pixels for seed in (1, 2, 30)]
    (workspace.dataset / "Training").mkdir(parents=True)
    for i in range(2):
        _save(scans[i], workspace.dataset / "Training" / f"{i}.png")
    folder = workspace.inputs / "brain-tumor-yes-no"
    for label in ("yes", "no"):
        (folder / label).mkdir(parents=True)
    _save(np.rot90(scans[0]), folder / "no" / "turned.png")
    _save(scans[2], folder / "yes" / "new.png")
    _save(scans[2][:, ::-1], folder / "yes" / "mirrored.png")
    (folder / "yes" / "broken.png").write_bytes(b"no picture")
    paths = [f"Training/{i}.png" for i in range(2)]
    return pd.DataFrame({"path": paths, "sha256": ["a", "b"]})


def test_copies_are_found_and_clusters_joined(pictures: pd.DataFrame, workspace: Settings) -> None:
    facts = index_external_images(pictures, workspace).set_index("path")
    assert facts["new"].to_dict() == {"no/turned.png": False, "yes/mirrored.png": True, "yes/new.png": True}
    assert facts.loc["yes/new.png", "cluster"] == facts.loc["yes/mirrored.png", "cluster"]


def test_facts_are_kept_until_a_picture_changes(pictures: pd.DataFrame, workspace: Settings) -> None:
    before = index_external_images(pictures, workspace)
    kept = list((workspace.inputs / ".cache").glob("outside-*.csv"))
    kept[0].write_text("path,label,bits,new,cluster\nyes/kept.png,yes,50,True,0\n")
    assert list(index_external_images(pictures, workspace)["path"]) == ["yes/kept.png"]
    (workspace.inputs / "brain-tumor-yes-no" / "yes" / "broken.png").unlink()
    assert len(index_external_images(pictures, workspace)) == len(before)


def test_distance_is_the_least_over_orientations() -> None:
    turned = np.zeros((1, 8, 2), np.uint64)
    turned[0, :, 0] = np.uint64(2**40 - 1)
    turned[0, 5, 0] = np.uint64(1)
    assert nearest_hash_distance(turned, np.zeros((1, 2), np.uint64)) == [1]
    assert nearest_hash_distance(turned, np.empty((0, 2), np.uint64)) == [128]


def test_a_cluster_counts_once() -> None:
    truth = np.array([True] * 4 + [False] * 2)
    tumor = np.array([0.1, 0.1, 0.1, 0.9, 0.2, 0.3])
    verdicts = np.where(tumor > 0.5, Verdict.TUMOR_SUSPECTED, Verdict.UNCERTAIN).astype(object)
    groups = np.array(["x", "x", "x", "y", "h1", "h2"], object)
    found = score_external(truth, {"": tumor, "@by:mask": None}, verdicts, groups, 20).metrics
    assert found["called"]["value"] == pytest.approx(0.5)
    assert found["called_or_uncertain"]["value"] == 1
    assert found["roc_auc"]["value"] == pytest.approx(0.5)
    assert found["false_alarms"]["value"] == 0
    assert (found["called"]["n"], found["called"]["groups"]) == (4, 2)
    assert "roc_auc@by:mask" not in found


def test_sensitivity_and_specificity_are_of_the_likeliest_answer() -> None:
    truth = np.array([True, True, False, False])
    tumor = np.array([0.6, 0.6, 0.6, 0.2])
    verdicts, groups = np.full(4, Verdict.UNCERTAIN, object), np.array(list("abcd"), object)
    said = np.array([True, False, False, False])  # of three kinds with a fifth each, none may be the likeliest
    found = score_external(truth, {"": tumor}, verdicts, groups, 20, predicted=said).metrics
    assert (found["tumor_sensitivity"]["value"], found["tumor_specificity"]["value"]) == (0.5, 1.0)
