"""Run the user commands on phantoms from end to end: fetch, audit, split, explore, train, predict and serve."""

import csv
import json
import shutil
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from tests.helpers.e2e.server import serve_dashboard
from tests.integration.workplace import Workplace

pytestmark = pytest.mark.slow

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("pipeline"))
    workplace.prepare()
    workplace.run("explore")
    workplace.run("train", "v1")
    return workplace


def test_training_writes_a_complete_version(trained: Workplace) -> None:
    folder = trained.folder / "outputs" / "v1"
    card = json.loads((folder / "card.json").read_text())
    for name in ("model.keras", "model.onnx", "evaluation.json", "curves.json", "history.csv", "predictions.csv"):
        assert (folder / name).is_file()
        assert len(card["files"][name]) == 64
    assert card["parameters"] == 495_972
    assert card["export"]["max_abs_difference"] <= 1e-5
    assert (folder / "figures" / "architecture.png").is_file()
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert set(evaluation) == set(SPLITS)
    for split in SPLITS:
        for metric in ("accuracy", "macro_f1", "loss", "tumor_sensitivity", "roc_auc", "ece", "recall/glioma"):
            entry = evaluation[split][metric]
            assert entry["low"] <= entry["value"] + 1e-9
            assert entry["n"] >= entry["groups"] > 0


def test_model_learns_the_phantoms(trained: Workplace) -> None:
    evaluation = json.loads((trained.folder / "outputs" / "v1" / "evaluation.json").read_text())
    assert evaluation["test"]["accuracy"]["value"] > 0.6


def test_confusion_matrix_matches_the_predictions(trained: Workplace) -> None:
    folder = trained.folder / "outputs" / "v1"
    predictions = pd.read_csv(folder / "predictions.csv")
    curves = json.loads((folder / "curves.json").read_text())
    for split in SPLITS:
        part = predictions[predictions["split"] == split]
        table = pd.crosstab(part["label"], part["predicted"])
        classes = ["glioma", "meningioma", "notumor", "pituitary"]
        expected = table.reindex(index=classes, columns=classes, fill_value=0).to_numpy()
        assert np.array_equal(curves[split]["confusion"], expected)


def test_skipping_the_train_split_does_not_change_the_other_metrics(trained: Workplace) -> None:
    outputs = trained.folder / "outputs"
    shutil.copytree(outputs / "v1", outputs / "runs/v1/group-seed2")
    try:
        trained.run("evaluate", "runs/v1/group-seed2", "--skip-train-split")
        names = ("v1", "runs/v1/group-seed2")
        whole, without_train = (json.loads((outputs / name / "evaluation.json").read_text()) for name in names)
        assert set(whole) - set(without_train) == {"train"}
        for split in without_train:
            for metric in ("accuracy", "roc_auc", "ece"):
                assert without_train[split][metric]["value"] == pytest.approx(whole[split][metric]["value"], abs=1e-6)
        assert not (outputs / "runs/v1/group-seed2" / "similar_scans.npz").exists()
    finally:
        shutil.rmtree(outputs / "runs/v1/group-seed2")


def test_predict_writes_one_csv_row_and_one_overlay_per_scan(trained: Workplace) -> None:
    target, scans = trained.folder / "predictions.csv", trained.folder / "phantoms" / "Testing"
    trained.run("predict", scans, "--csv", target, "--overlays", trained.folder / "overlays")
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(list(scans.rglob("*.jpg")))
    assert all(row["error"] == "" and row["model_version"] == "v1" for row in rows)
    assert len(list((trained.folder / "overlays").rglob("*.png"))) == len(rows)


def test_predict_writes_a_pdf_report_and_a_zip_archive(trained: Workplace) -> None:
    scans, pdf, everything = (
        trained.folder / name for name in ("phantoms/Testing/glioma", "report.pdf", "results.zip")
    )
    trained.run("predict", scans, "--csv", trained.folder / "few.csv", "--pdf", pdf, "--zip", everything)
    names = [path.name for path in scans.glob("*.jpg")]
    text = "".join("".join(page.extract_text().split()) for page in PdfReader(pdf).pages)  # paths are wrapped
    assert all(name in text for name in names)
    sensitivity = json.loads((trained.folder / "outputs" / "v1" / "evaluation.json").read_text())["test"]
    assert f"{sensitivity['tumor_sensitivity']['value']:.1%}" in text
    with zipfile.ZipFile(everything) as zipped:
        inside = zipped.namelist()
        assert zipped.read("report.pdf") == pdf.read_bytes()
    assert len([name for name in inside if name.startswith("overlays/")]) == len(names)
    assert "predictions.csv" in inside


def test_app_responds_with_the_trained_model(trained: Workplace) -> None:
    with serve_dashboard(trained.environment) as address, urllib.request.urlopen(f"{address}/_stcore/health") as answer:
        assert answer.read() == b"ok"


def _history(workplace: Workplace) -> pd.DataFrame:
    return pd.read_csv(workplace.folder / "outputs" / "v1" / "history.csv").drop(columns="seconds")


def test_evaluation_rejects_other_images_or_another_split(trained: Workplace) -> None:
    files = [trained.folder / "outputs" / "dataset" / name for name in ("manifest.csv", "split.json")]
    before = [file.read_bytes() for file in files]
    try:
        trained.run("data", "split", "--seed", "9")
        process = trained.start("evaluate", "v1")
        _, stderr = process.communicate(timeout=1800)
        assert process.returncode == 1
        assert "trained on other images or another split" in stderr
        assert "Traceback" not in stderr
    finally:
        for file, content in zip(files, before, strict=True):
            file.write_bytes(content)


def _reproduced(workplace: Workplace, *arguments: str | Path) -> tuple[int, str]:
    process = workplace.start("reproduce", "v1", "--table", workplace.folder / "phantoms" / "table.csv", *arguments)
    out, err = process.communicate(timeout=1800)
    assert "Traceback" not in err, err
    return process.returncode, out


def test_version_is_reproduced_from_raw_data_and_a_changed_metric_is_detected(trained: Workplace) -> None:
    before = {path: path.read_bytes() for path in (trained.folder / "outputs" / "v1").glob("*.*")}
    code, stdout = _reproduced(trained)
    assert code == 0, stdout
    assert "v1 is reproduced" in stdout.splitlines()[-1]
    assert all(path.read_bytes() == content for path, content in before.items()), "committed files must not change"
    reproduced = trained.folder / "outputs" / "reproduced" / "v1"
    pd.testing.assert_frame_equal(
        pd.read_csv(reproduced / "v1" / "history.csv").drop(columns="seconds"), _history(trained), rtol=1e-6
    )
    evaluation = trained.folder / "outputs" / "v1" / "evaluation.json"
    altered = json.loads(evaluation.read_text())
    altered["test"]["macro_f1"]["value"] += 0.2
    try:
        evaluation.write_text(json.dumps(altered))
        code, stdout = _reproduced(trained, "--check-only", reproduced)
    finally:
        evaluation.write_bytes(before[evaluation])
    assert code == 1
    assert "v1 is NOT reproduced" in stdout.splitlines()[-1]
    assert "test macro f1" in stdout.splitlines()[-1]
    assert "evaluation.json altered" in stdout.splitlines()[-1]


def test_reproduce_rejects_other_images_before_training(trained: Workplace) -> None:
    files = [trained.folder / "outputs" / "dataset" / name for name in ("manifest.csv", "split.json")]
    before = [file.read_bytes() for file in files]
    try:
        trained.run("data", "split", "--seed", "9")
        files[1].write_bytes(before[1])  # the manifest no longer matches the split
        code, stdout = _reproduced(trained)
    finally:
        for file, content in zip(files, before, strict=True):
            file.write_bytes(content)
    assert code == 1
    assert "Differences: manifest" in stdout.splitlines()[-1]
    assert "seconds of training" not in stdout
