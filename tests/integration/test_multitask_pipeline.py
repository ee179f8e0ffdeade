"""Train, export, evaluate and use a multi-task network with a tumour mask on phantoms."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.datasets.masks import load_mask
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASS_NAMES, TumorClass, Verdict
from braintumor.inference import Detector
from braintumor.models.builder import load_keras_model
from braintumor.settings import Settings
from tests.integration.workplace import Workplace

pytestmark = pytest.mark.slow

EPOCHS = 6

ABLATIONS = """
base = "v4"
[quick]
fit = { epochs = 1, repeats_per_epoch = 1, progressive_sizes = [] }
[ablations.baseline]
seeds = [1]
[ablations.without_masks]
seeds = [1]
mask = { weight = 0.0 }
[ablations.train_50pct]
seeds = [1]
train_fraction = 0.5
[ablations.train_25pct]
seeds = [1]
train_fraction = 0.25
"""


def _version(workplace: Workplace) -> Path:
    return workplace.folder / "outputs" / "v4"


def _settings(workplace: Workplace) -> Settings:
    return Settings(inputs=workplace.folder / "inputs", outputs=workplace.folder / "outputs", version="v4")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("masked"), "multitask.toml", "v4")
    workplace.prepare()
    workplace.run("data", "fetch", "--masks", "--from", workplace.folder / "phantoms" / "masks")
    return workplace


@pytest.fixture(scope="module")
def trained(prepared: Workplace) -> Workplace:
    prepared.run("train", "v4")
    return prepared


def test_training_writes_a_complete_card_for_a_multitask_version(trained: Workplace) -> None:
    card = json.loads((_version(trained) / "card.json").read_text())
    assert set(card["fusion"]) == {"label", "mask", "bias"}
    assert list(card["conformal"]["quantiles"]) == list(CLASS_NAMES)
    assert card["ood"]["unusual_at"] > 0
    assert card["ood"]["reject_at"] > 0
    assert card["map_extent"] is None
    assert card["export"]["max_abs_difference"] <= 1e-5
    assert card["training"]["best_epoch"] == card["training"]["epochs_run"] == EPOCHS
    for name in ("model.keras", "model.onnx", "ood_reference.csv", "evaluation.json", "predictions.csv", "history.csv"):
        assert len(card["files"][name]) == 64


def test_model_learns_the_phantom_classes_and_tumour_positions(trained: Workplace) -> None:
    settings = _settings(trained)
    evaluation = json.loads((_version(trained) / "evaluation.json").read_text())
    assert evaluation["test"]["accuracy"]["value"] > 0.5
    assert evaluation["test"]["roc_auc"]["value"] > 0.75
    detector = Detector.load("v4", settings)
    manifest = pd.read_csv(settings.dataset_outputs / "manifest.csv", keep_default_na=False)
    test_tumors = manifest[(manifest["split"] == "test") & (manifest["label"] != "notumor")]
    inside, everywhere = [], []
    for row in test_tumors.to_dict("records"):
        truth, predicted = load_mask(row, settings), detector.detect(settings.dataset / row["path"]).mask_probability
        assert truth is not None
        assert predicted is not None
        assert predicted.shape == truth.shape
        inside.append(predicted[truth].mean())
        everywhere.append(predicted.mean())
    assert np.mean(inside) > 3 * np.mean(everywhere)


def test_noise_has_a_higher_ood_score_than_any_phantom(trained: Workplace) -> None:
    detector = Detector.load("v4", _settings(trained))
    phantoms = [detector.detect(make_phantom(label, 900, 256).pixels) for label in TumorClass]
    noise = detector.detect(np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8))
    assert noise.ood_score is not None
    assert noise.ood_score > max(detection.ood_score or 0.0 for detection in phantoms)
    assert noise.verdict is Verdict.NOT_BRAIN_MRI


def test_predict_writes_a_row_with_ood_score_and_an_overlay_for_every_scan(trained: Workplace) -> None:
    target, scans = trained.folder / "predictions.csv", trained.folder / "phantoms" / "Testing" / "pituitary"
    trained.run("predict", scans, "--version", "v4", "--csv", target, "--overlays", trained.folder / "overlays")
    rows = pd.read_csv(target, keep_default_na=False)
    assert len(rows) == len(list(scans.glob("*.jpg")))
    assert (rows["error"] == "").all()
    assert rows["ood_score"].between(0, 1).all()
    assert len(list((trained.folder / "overlays").rglob("*.png"))) == len(rows)


def _short_workplace(prepared: Workplace, folder: Path) -> Workplace:
    """A workplace with the data of another and a recipe of five short epochs."""
    folder.mkdir()
    workplace = Workplace(folder, "multitask.toml", "v4")
    recipe = folder / "recipes" / "v4.toml"
    short = re.sub(r"(?m)^epochs = \d+", "epochs = 5", recipe.read_text())
    recipe.write_text(re.sub(r"(?m)^repeats_per_epoch = \d+", "repeats_per_epoch = 2", short))
    shutil.copytree(prepared.folder / "inputs", folder / "inputs")
    shutil.copytree(prepared.folder / "outputs" / "dataset", folder / "outputs" / "dataset")
    return workplace


def test_killed_training_with_weight_average_continues_like_an_uninterrupted_one(
    prepared: Workplace, tmp_path: Path
) -> None:
    resumed, whole = (_short_workplace(prepared, tmp_path / name) for name in ("resumed", "whole"))
    finished = resumed.kill_training_after(2)
    for workplace in (resumed, whole):
        workplace.kill_training_after(4)  # in the last epoch, so that no time is spent on the evaluation
    work = [_version(workplace) / "work" for workplace in (resumed, whole)]
    assert (work[0] / "history.csv").read_text().startswith(finished)
    first, second = (pd.read_csv(folder / "history.csv").drop(columns="seconds").head(4) for folder in work)
    pd.testing.assert_frame_equal(first, second, rtol=1e-6)
    for file in ("epoch-004.keras", "epoch-004.average.keras"):
        first_model, second_model = (load_keras_model(folder / file) for folder in work)
        for a, b in zip(first_model.get_weights(), second_model.get_weights(), strict=True):
            assert np.allclose(a, b, atol=1e-6), file


def test_served_model_has_the_averaged_weights_not_the_last_ones(trained: Workplace) -> None:
    work = _version(trained) / "work"
    files = (
        _version(trained) / "model.keras",
        work / f"epoch-00{EPOCHS}.average.keras",
        work / f"epoch-00{EPOCHS}.keras",
    )
    served, average, last = (load_keras_model(file).get_weights() for file in files)
    assert all(np.array_equal(a, b) for a, b in zip(served, average, strict=True))
    assert not all(np.allclose(a, b) for a, b in zip(served, last, strict=True))


def test_hypothesis_ablations_are_trained_once_and_analysed(prepared: Workplace) -> None:
    (prepared.folder / "recipes" / "ablations").mkdir()
    (prepared.folder / "recipes" / "ablations" / "hypotheses.toml").write_text(ABLATIONS, encoding="utf-8")
    output = prepared.run("ablate", "hypotheses")
    assert len(re.findall(r"-seed1: accuracy \d+\.\d% on \d+ test scans\.", output)) == 4
    assert prepared.run("ablate", "hypotheses").count("already trained") == 4
    outputs = prepared.folder / "outputs"
    experiments = json.loads((outputs / "experiments" / "hypotheses.json").read_text())["experiments"]
    assert set(experiments) == {"visible", "masks", "growth"}  # there is no ablation without augmentation
    test = pd.read_csv(outputs / "experiments" / "baseline-seed1.csv.gz").query("set == 'test'")
    assert experiments["masks"]["metrics"]["accuracy"]["n"] == len(test)
    assert experiments["masks"]["facts"]["seeds"] == 1
    assert experiments["growth"]["facts"]["shares"] == [0.25, 0.5, 1.0]
    runs = json.loads((outputs / "experiments" / "runs.json").read_text())
    assert runs["train_25pct-seed1"]["groups"] < runs["train_50pct-seed1"]["groups"] < runs["baseline-seed1"]["groups"]
    accuracy = (test["label"] == test[list(CLASS_NAMES)].idxmax(axis=1)).mean()
    assert experiments["growth"]["metrics"]["accuracy@share:1"]["value"] == pytest.approx(accuracy, abs=1e-6)
