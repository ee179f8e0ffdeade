"""What lies outside for a version, and what it has seen nearly: measured on the same pictures for all."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from braintumor.datasets.binary_set import load_binary_manifest
from braintumor.datasets.phantom_sets import write_binary_phantoms
from braintumor.enums import Protocol
from braintumor.errors import DatasetError
from braintumor.evaluation.comparison.predictions import TestScans, flag_training_near_duplicates, predict_cached
from braintumor.evaluation.comparison.scores import load_or_score_external
from braintumor.inference import load_artifact
from braintumor.results.study import write_checks
from braintumor.settings import Settings
from tests.helpers.artifacts import build_artifacts


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Phantoms of both sets."""
    settings = build_artifacts(tmp_path_factory.mktemp("outside"), per_class=12)
    write_binary_phantoms(settings.inputs / "brain-tumor-yes-no", 12)
    return settings


def test_outside_is_measured_where_the_study_did_not(settings: Settings, tmp_path: Path) -> None:
    artifact, scans = load_artifact("v1", settings), TestScans.load(settings)
    answers = predict_cached(artifact, scans.paths(settings), "test", tmp_path, settings)
    found = load_or_score_external(artifact, scans, answers, tmp_path, settings, 20)
    assert set(found) == {"roc_auc", "called", "called_or_uncertain", "refused", "false_alarms"}
    assert found["called"]["n"] == 12  # every `yes` is new
    assert found["called"]["groups"] == 10  # near copies count once
    assert found["false_alarms"]["n"] == (~scans.is_tumor).sum()
    assert len(list(tmp_path.glob("outside-v1-*.csv"))) == 1


def test_what_the_study_measured_of_this_model_is_taken(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"outputs": tmp_path / "outputs"})
    shutil.copytree(settings.outputs, own.outputs)
    artifact, scans = load_artifact("v1", own), TestScans.load(own)
    metrics = {"roc_auc": {"value": 0.5}, "roc_auc@by:label": {"value": 0.1}}
    write_checks(artifact.folder, {"outside": {"model": artifact.card.fingerprint, "metrics": metrics}})
    answers = predict_cached(artifact, scans.paths(own), "test", tmp_path, own)
    assert load_or_score_external(artifact, scans, answers, tmp_path, own, 20) == {"roc_auc": {"value": 0.5}}


def test_near_copies_of_what_was_learnt_are_found(settings: Settings, tmp_path: Path) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, settings)
    learnt = manifest.loc[manifest["split"] == "train", "path"].iloc[0]
    scans = TestScans.load(settings)
    shutil.copy(settings.inputs / "brain-tumor-yes-no" / learnt, settings.dataset / "Testing" / "copied.png")
    table = scans.manifest.copy()
    table.loc[2, ["path", "sha256"]] = ["Testing/copied.png", "of the copy"]
    assert not flag_training_near_duplicates(scans, Protocol.GROUP, tmp_path, settings).any()
    assert np.flatnonzero(
        flag_training_near_duplicates(TestScans(table), Protocol.GROUP, tmp_path, settings)
    ).tolist() == [2]


def test_without_the_pictures_there_is_nothing_outside(settings: Settings, tmp_path: Path) -> None:
    artifact, scans = load_artifact("v1", settings), TestScans.load(settings)
    answers = predict_cached(artifact, scans.paths(settings), "test", tmp_path, settings)
    bare = settings.model_copy(update={"inputs": tmp_path / "inputs"})
    assert load_or_score_external(artifact, scans, answers, tmp_path, bare, 20) == {}
    with pytest.raises(DatasetError):
        flag_training_near_duplicates(scans, Protocol.GROUP, tmp_path, bare)
