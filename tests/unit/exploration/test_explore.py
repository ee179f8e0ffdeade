"""`braintumor explore` writes everything, the same each time, with and without masks, and resumes after a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from braintumor.cli import main
from braintumor.enums import CLASS_NAMES
from braintumor.errors import DatasetError
from braintumor.exploration.explore import explore_dataset
from braintumor.exploration.image_features import IMAGE_FEATURES
from braintumor.settings import Settings

NAMES = ("statistics.npz", "image_features.csv", "tumors.csv", "exploration.json")


def _written(settings: Settings) -> dict[str, bytes]:
    return {name: (settings.dataset_outputs / name).read_bytes() for name in NAMES}


def _copy(settings: Settings, folder: Path) -> Settings:
    """The same set with outputs of its own: only what the audit wrote."""
    outputs = folder / "outputs"
    shutil.copytree(settings.dataset_outputs, outputs / "dataset", ignore=shutil.ignore_patterns(*NAMES, "work"))
    return settings.model_copy(update={"outputs": outputs})


def test_the_report_holds_what_pages_and_notebooks_read(explored: Settings, manifest: pd.DataFrame) -> None:
    report = json.loads((explored.dataset_outputs / "exploration.json").read_text())
    assert report["images"] == len(manifest)
    assert set(report["facts"]) == set(CLASS_NAMES)
    assert set(report["facts"]["glioma"]) == set(IMAGE_FEATURES)
    assert set(report["tumours"]) == {"glioma", "meningioma", "pituitary"}
    assert report["tumours"]["glioma"]["n"] == (manifest["label"] == "glioma").sum()
    assert report["shortcut"]["class"]["accuracy"]["n"] == len(manifest)
    # Phantoms all come from one collection, so there is no origin to tell.
    assert "reason" in report["shortcut"]["origin"]
    # Phantoms of notumor are smaller, and that is enough to tell them.
    assert report["shortcut"]["tumor"]["accuracy"]["low"] > report["shortcut"]["tumor"]["chance"]
    assert report["leakage"]["official_testing"] == (manifest["original_split"] == "Testing").sum()
    effects = report["effects"]["glioma/notumor/all"]
    assert 0 <= effects["share_significant"]["0.001"] <= effects["share_significant"]["0.05"] <= 1
    assert not (explored.dataset_outputs / "work" / "explore.npz").exists()


def test_a_second_run_writes_the_same_bytes(explored: Settings, tmp_path: Path) -> None:
    again = _copy(explored, tmp_path)
    explore_dataset(again)
    assert _written(again) == _written(explored)


def test_without_masks_all_but_the_tumours_is_there(explored: Settings, tmp_path: Path) -> None:
    bare = _copy(explored, tmp_path)
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "brain-tumor-mri-dataset").symlink_to(explored.dataset)
    bare = bare.model_copy(update={"inputs": tmp_path / "inputs"})
    assert "data fetch --masks" in explore_dataset(bare)
    assert pd.read_csv(bare.dataset_outputs / "tumors.csv").empty
    assert (bare.dataset_outputs / "image_features.csv").read_bytes() == _written(explored)["image_features.csv"]


@pytest.mark.slow
def test_killed_and_started_again_it_ends_with_the_same_bytes(explored: Settings, tmp_path: Path) -> None:
    mine = _copy(explored, tmp_path)
    checkpoint = mine.dataset_outputs / "work" / "explore.npz"
    environment = os.environ | {"BRAINTUMOR_INPUTS": str(mine.inputs), "BRAINTUMOR_OUTPUTS": str(mine.outputs)}
    code = (
        "import braintumor.exploration.streaming as s; s.CHECKPOINT_SECONDS = 0; "
        "from braintumor.cli import main; main(['explore'])"
    )
    command = [sys.executable, "-c", code]
    first = subprocess.Popen(command, env=environment | {"BRAINTUMOR_WORKERS": "1"}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline and first.poll() is None:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert checkpoint.exists()
    subprocess.run(command, env=environment | {"BRAINTUMOR_WORKERS": "1"}, check=True, capture_output=True)
    assert not checkpoint.exists()
    assert _written(mine) == _written(explored)


def test_the_command_says_what_was_found(
    explored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = _copy(explored, tmp_path)
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(mine.inputs))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(mine.outputs))
    monkeypatch.setenv("BRAINTUMOR_WORKERS", "1")
    assert main(["explore"]) == 0
    assert "120 images read, 90 tumours measured" in capsys.readouterr().out


def test_without_a_manifest_it_says_what_to_run(workspace: Settings) -> None:
    with pytest.raises(DatasetError, match="data audit"):
        explore_dataset(workspace)
