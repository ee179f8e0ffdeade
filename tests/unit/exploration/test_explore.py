"""`braintumor explore` is reproducible, works without masks, and resumes after being killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.cli import main
from braintumor.enums import CLASS_NAMES
from braintumor.errors import DatasetError
from braintumor.exploration.explore import (
    compute_quartiles,
    explore_dataset,
    round_floats,
    tabulate_effects,
    tabulate_tumors,
)
from braintumor.exploration.image_features import IMAGE_FEATURES, TUMOR_FEATURES
from braintumor.exploration.statistics import Meta
from braintumor.settings import Settings
from tests.helpers.scan_files.external_images import EXTERNAL_IMAGES, write_external_images

NAMES = ("statistics.npz", "image_features.csv", "tumors.csv", "exploration.json")


def _read_outputs(settings: Settings) -> dict[str, bytes]:
    return {name: (settings.dataset_outputs / name).read_bytes() for name in NAMES}


def _copy(settings: Settings, folder: Path) -> Settings:
    """Copy the outputs of the audit to a separate folder for the same data set."""
    outputs = folder / "outputs"
    shutil.copytree(settings.dataset_outputs, outputs / "dataset", ignore=shutil.ignore_patterns(*NAMES, "work"))
    return settings.model_copy(update={"outputs": outputs})


def test_report_has_all_sections(explored: Settings, manifest: pd.DataFrame) -> None:
    report = json.loads((explored.dataset_outputs / "exploration.json").read_text())
    assert report["images"] == len(manifest)
    assert set(report["facts"]) == set(CLASS_NAMES)
    assert set(report["facts"]["glioma"]) == set(IMAGE_FEATURES)
    assert set(report["tumours"]) == {"glioma", "meningioma", "pituitary"}
    assert report["tumours"]["glioma"]["n"] == (manifest["label"] == "glioma").sum()
    assert report["shortcut"]["class"]["accuracy"]["n"] == len(manifest)
    # All phantoms have the same origin, so there is nothing to predict.
    assert "reason" in report["shortcut"]["origin"]
    # Phantoms without a tumour are smaller, which is a shortcut.
    assert report["shortcut"]["tumor"]["accuracy"]["low"] > report["shortcut"]["tumor"]["chance"]
    assert report["leakage"]["official_testing"] == (manifest["original_split"] == "Testing").sum()
    effects = report["effects"]["glioma/notumor/all"]
    assert 0 <= effects["share_significant"]["0.001"] <= effects["share_significant"]["0.05"] <= 1
    assert not (explored.dataset_outputs / "work" / "explore.npz").exists()


def test_a_second_run_writes_the_same_bytes(explored: Settings, tmp_path: Path) -> None:
    copy = _copy(explored, tmp_path)
    explore_dataset(copy)
    assert _read_outputs(copy) == _read_outputs(explored)


def test_without_masks_only_tumor_features_are_missing(explored: Settings, tmp_path: Path) -> None:
    copy = _copy(explored, tmp_path)
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "brain-tumor-mri-dataset").symlink_to(explored.dataset)
    copy = copy.model_copy(update={"inputs": tmp_path / "inputs"})
    assert "data fetch --masks" in explore_dataset(copy)
    assert pd.read_csv(copy.dataset_outputs / "tumors.csv").empty
    assert (copy.dataset_outputs / "image_features.csv").read_bytes() == _read_outputs(explored)["image_features.csv"]


@pytest.mark.slow
def test_killed_run_resumes_and_writes_the_same_bytes(explored: Settings, tmp_path: Path) -> None:
    copy = _copy(explored, tmp_path)
    checkpoint = copy.dataset_outputs / "work" / "explore.npz"
    environment = os.environ | {"BRAINTUMOR_INPUTS": str(copy.inputs), "BRAINTUMOR_OUTPUTS": str(copy.outputs)}
    code = (
        "import braintumor.exploration.streaming as s; s.CHECKPOINT_SECONDS = 0; "
        "from braintumor.cli import main; main(['explore'])"
    )
    command = [sys.executable, "-c", code]
    first = subprocess.Popen(command, env=environment | {"BRAINTUMOR_WORKERS": "1"}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 1800
    while not checkpoint.exists() and time.monotonic() < deadline and first.poll() is None:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert checkpoint.exists()
    subprocess.run(command, env=environment | {"BRAINTUMOR_WORKERS": "1"}, check=True, capture_output=True)
    assert not checkpoint.exists()
    assert _read_outputs(copy) == _read_outputs(explored)


def test_command_prints_a_summary(
    explored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = _copy(explored, tmp_path)
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(copy.inputs))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(copy.outputs))
    monkeypatch.setenv("BRAINTUMOR_WORKERS", "1")
    write_external_images(copy.model_copy(update={"inputs": tmp_path / "external"}))
    assert main(["explore"]) == 0
    assert "120 images read, 90 tumours measured" in capsys.readouterr().out
    sources = pd.read_csv(copy.dataset_outputs / "sources.csv")
    assert sources["images"].sum() == 120 + len(EXTERNAL_IMAGES)


def test_missing_manifest_names_the_command(workspace: Settings) -> None:
    with pytest.raises(DatasetError, match="data audit"):
        explore_dataset(workspace)


def test_effects_are_tabulated_by_share_and_maximum() -> None:
    size, levels_passed = np.zeros((10, 10), np.float32), np.zeros((10, 10), np.uint8)
    size[0, 0], levels_passed[:5], levels_passed[0] = -1.5, 1, 3
    meta = Meta({}, [0.05, 0.01, 0.001], {}, {"glioma": {"all": 9}, "notumor": {"all": 7}}, {}, "")
    report = tabulate_effects(
        {"effect/glioma/notumor/all": size, "significance/glioma/notumor/all": levels_passed}, meta
    )
    assert report == {
        "glioma/notumor/all": {
            "groups": [9, 7],
            "share_significant": {"0.05": 0.5, "0.01": 0.1, "0.001": 0.1},
            "largest": 1.5,
        }
    }


def test_tumors_are_tabulated_by_class() -> None:
    table = pd.DataFrame({name: [1.0, 2.0, 3.0, 9.0] for name in TUMOR_FEATURES})
    table["label"], table["group"] = ["glioma"] * 3 + ["pituitary"], ["g1", "g1", "g2", "g3"]
    report = tabulate_tumors(table)
    assert report["glioma"]["area"] == {"q25": 1.5, "median": 2.0, "q75": 2.5}
    assert (report["glioma"]["n"], report["glioma"]["groups"]) == (3, 2)
    assert tabulate_tumors(table.head(0)) == {}


def test_quartiles_equal_numpy() -> None:
    values = np.random.default_rng(0).normal(size=31)
    quartiles = compute_quartiles(pd.DataFrame({"mean": values, "label": "glioma"}), {"mean": ""})
    assert list(quartiles["glioma"]["mean"].values()) == np.percentile(values, [25, 50, 75]).tolist()


def test_only_floats_are_rounded() -> None:
    report = {"a": [1 / 3, 7, "word"], "b": {"c": 123456789.0}, "d": None}
    assert round_floats(report) == {"a": [0.333333, 7, "word"], "b": {"c": 123457000.0}, "d": None}
