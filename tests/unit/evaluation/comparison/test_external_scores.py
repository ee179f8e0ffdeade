"""External scores, and test scans that are near-duplicates of training images."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from braintumor.datasets.binary_set import load_binary_manifest
from braintumor.datasets.phantom_sets import write_binary_phantoms
from braintumor.enums import Protocol
from braintumor.errors import DatasetError
from braintumor.evaluation.comparison.predictions import predict_cached
from braintumor.evaluation.comparison.scans import CommonScans, flag_training_near_duplicates
from braintumor.evaluation.comparison.scores import load_or_score_external
from braintumor.inference import load_artifact
from braintumor.results.stress_test import write_checks
from braintumor.settings import Settings
from tests.helpers.artifacts import build_artifacts


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Phantoms of both datasets."""
    settings = build_artifacts(tmp_path_factory.mktemp("external"), per_class=12)
    write_binary_phantoms(settings.inputs / "brain-tumor-yes-no", 12)
    return settings


def test_external_set_is_scored_without_a_stress_test(settings: Settings, tmp_path: Path) -> None:
    artifact, scans = load_artifact("v1", settings), CommonScans.load(settings)
    predictions = predict_cached(artifact, scans.paths(settings), "test", tmp_path, settings)
    metrics = load_or_score_external(artifact, scans, predictions, tmp_path, settings, 20)
    assert set(metrics) == {"roc_auc", "flagged", "flagged_or_uncertain", "rejected", "false_alarms"}
    assert metrics["flagged"]["n"] == 12  # every `yes` image is new
    assert metrics["flagged"]["groups"] == 10  # a cluster of near-duplicates is one group
    assert metrics["false_alarms"]["n"] == (~scans.is_tumor).sum()
    assert len(list(tmp_path.glob("external-v1-*.csv"))) == 1


def test_stored_external_scores_are_reused(settings: Settings, tmp_path: Path) -> None:
    copied_settings = settings.model_copy(update={"outputs": tmp_path / "outputs"})
    shutil.copytree(settings.outputs, copied_settings.outputs)
    artifact, scans = load_artifact("v1", copied_settings), CommonScans.load(copied_settings)
    metrics = {"roc_auc": {"value": 0.5}, "roc_auc@by:label": {"value": 0.1}}
    write_checks(artifact.folder, {"external": {"model": artifact.card.fingerprint, "metrics": metrics}})
    predictions = predict_cached(artifact, scans.paths(copied_settings), "test", tmp_path, copied_settings)
    assert load_or_score_external(artifact, scans, predictions, tmp_path, copied_settings, 20) == {
        "roc_auc": {"value": 0.5}
    }


def test_near_duplicates_of_training_images_are_flagged(settings: Settings, tmp_path: Path) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, settings)
    training_image = manifest.loc[manifest["split"] == "train", "path"].iloc[0]
    scans = CommonScans.load(settings)
    shutil.copy(settings.inputs / "brain-tumor-yes-no" / training_image, settings.dataset / "Testing" / "copied.png")
    table = scans.manifest.copy()
    table.loc[2, ["path", "sha256"]] = ["Testing/copied.png", "hash of the copy"]
    assert not flag_training_near_duplicates(scans, Protocol.GROUP, tmp_path, settings).any()
    assert np.flatnonzero(
        flag_training_near_duplicates(CommonScans(table), Protocol.GROUP, tmp_path, settings)
    ).tolist() == [2]


def test_no_external_scores_without_images(settings: Settings, tmp_path: Path) -> None:
    artifact, scans = load_artifact("v1", settings), CommonScans.load(settings)
    predictions = predict_cached(artifact, scans.paths(settings), "test", tmp_path, settings)
    empty_settings = settings.model_copy(update={"inputs": tmp_path / "inputs"})
    assert load_or_score_external(artifact, scans, predictions, tmp_path, empty_settings, 20) == {}
    with pytest.raises(DatasetError):
        flag_training_near_duplicates(scans, Protocol.GROUP, tmp_path, empty_settings)
