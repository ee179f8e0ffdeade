"""Audit of the image set: manifest, invalid files, groups, leakage counts, and resuming after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.manifest import MANIFEST_COLUMNS, manifest_path, read_manifest
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.errors import DatasetError
from braintumor.settings import Settings


@pytest.fixture
def audited(workspace: Settings) -> Settings:
    write_phantoms(workspace.dataset, per_class=16)
    audit_dataset(workspace)
    return workspace


def _report(settings: Settings) -> dict:
    return json.loads((settings.dataset_outputs / "audit.json").read_text())


def test_manifest_has_a_row_per_image_and_the_contract_columns(audited: Settings) -> None:
    manifest = read_manifest(audited)
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert len(manifest) == 64
    assert manifest["path"].is_unique
    assert (manifest["original_split"] + "/" + manifest["label"] == manifest["path"].str.rsplit("/", n=1).str[0]).all()
    assert manifest["has_mask"].eq(manifest["label"] != "notumor").all()


def test_images_of_a_patient_and_copies_share_a_group(audited: Settings) -> None:
    manifest = read_manifest(audited)
    for key in ("patient", "sha256"):
        assert (manifest[manifest[key] != ""].groupby(key)["group"].nunique() == 1).all()
    assert _report(audited)["exact_copies"] == len(manifest) - manifest["sha256"].nunique() > 0


def test_leakage_counts_agree_with_the_manifest(audited: Settings) -> None:
    manifest, leakage = read_manifest(audited), _report(audited)["leakage"]
    training_patients = set(manifest.loc[manifest["original_split"] == "Training", "patient"])
    testing = manifest[manifest["original_split"] == "Testing"]
    assert leakage["testing_with_patient_in_training"] == testing["patient"].isin(training_patients).sum() > 0
    assert leakage["testing_with_twin_in_training"] > 0


def test_non_image_is_rejected_by_name_and_other_files_are_kept(audited: Settings) -> None:
    non_image = audited.dataset / "Training" / "glioma" / "notes.jpg"
    non_image.write_text("patient notes, not an image")
    audit_dataset(audited)
    assert list(_report(audited)["rejected"]) == ["Training/glioma/notes.jpg"]
    assert len(read_manifest(audited)) == 64


def test_second_audit_keeps_the_split(audited: Settings) -> None:
    split_dataset(settings=audited)
    before = manifest_path(audited).read_bytes()
    audit_dataset(audited)
    assert manifest_path(audited).read_bytes() == before


def test_error_for_an_empty_folder_names_the_download_command(workspace: Settings) -> None:
    with pytest.raises(DatasetError, match="braintumor data fetch"):
        audit_dataset(workspace)


@pytest.mark.slow
def test_killed_audit_resumes_with_the_same_result(workspace: Settings, tmp_path: Path) -> None:
    write_phantoms(workspace.dataset, per_class=100)
    environment = {**os.environ, "BRAINTUMOR_WORKERS": "1"}
    command = [sys.executable, "-m", "braintumor", "data", "audit"]
    process = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
    cache = workspace.dataset_outputs / "work" / "audit.jsonl"
    deadline = time.monotonic() + 1800
    while not (cache.is_file() and cache.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not manifest_path(workspace).exists(), "the audit ended before it could be killed"
    assert cache.read_bytes().count(b"\n") > 0
    cache.write_bytes(cache.read_bytes() + b'["cut sho')
    audit_dataset(workspace)
    resumed = manifest_path(workspace).read_bytes()
    manifest_path(workspace).unlink()
    audit_dataset(workspace)
    assert manifest_path(workspace).read_bytes() == resumed
