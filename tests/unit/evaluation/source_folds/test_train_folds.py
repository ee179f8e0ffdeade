"""Folds: what each network reads, and mistakes that are reported before anything is trained."""

from pathlib import Path

import numpy as np
import pytest

from braintumor.cli import main
from braintumor.enums import HOLDOUT_SPLIT, Split
from braintumor.evaluation.calibration.out_of_fold import read_out_of_fold, write_out_of_fold
from braintumor.evaluation.source_folds import train_folds as module
from braintumor.evaluation.source_folds.train_folds import predict_fold, train_folds
from braintumor.inference import Detector
from braintumor.settings import Settings, get_settings
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.out_of_fold import external_rows, out_of_fold, write_manifests
from tests.helpers.versions.tiny import write_masked_version

RECIPE = """title = "x"
data = "all"
architecture = "tiny"
seed = 1
[input]
height = 64
width = 64
channels = 1
[fit]
learning_rate = 1e-3
epochs = 3
[mask]
"""
FOLDS = '[folds]\nepochs = 1\nsources = [["btp_t1c"], ["ds000011"]]\n'


@pytest.fixture
def settings(workspace: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Workspace with the recipe `v5`, whose folds hold out a source that the manifest lacks."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "v5.toml").write_text(RECIPE + FOLDS)
    monkeypatch.setenv("BRAINTUMOR_RECIPES", str(tmp_path / "recipes"))
    get_settings.cache_clear()
    return get_settings()


def _error(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["train-folds", "v5"]) == 1
    return capsys.readouterr().err


def test_mistakes_are_reported_before_training(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no manifest of the external sets yet. Run: " in _error(capsys)
    write_manifests(settings, external_rows(2))
    assert "hold out ds000011, which its training set lacks (available: btp_t1c, lgg_other)" in _error(capsys)
    path = settings.recipes / "v5.toml"
    path.write_text(path.read_text().replace("ds000011", "lgg_other"))
    assert "v5 is not evaluated yet" in _error(capsys)
    path.write_text(RECIPE)
    assert "no section [folds]" in _error(capsys)


def test_table_has_the_rows_of_every_fold(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = external_rows(4)
    write_manifests(settings, rows)
    path = settings.recipes / "v5.toml"
    path.write_text(path.read_text().replace("ds000011", "lgg_other"))
    (settings.outputs / "v5").mkdir()
    (settings.outputs / "v5" / "evaluation.json").write_text("{}")
    table = out_of_fold(rows, [0.5] * len(rows))
    monkeypatch.setattr(module, "_train_fold", lambda _, fold, *__, **___: table[table["fold"] == fold])
    lines = list(train_folds("v5", settings))
    assert lines[0] == "v5: fold 1 of 2 is trained without btp_t1c."
    assert lines[-1] == "v5: out_of_fold.csv has 8 rows."
    again = read_out_of_fold(settings.outputs / "v5")
    assert again is not None
    assert again["origin"].tolist() == ["btp_t1c"] * 4 + ["lgg_other"] * 4


def test_left_out_sources_and_the_validation_split_are_read_as_served(workspace: Settings) -> None:
    data = phantom_data(CONTRACT)
    is_left_out = (data.manifest["label"] == "glioma").to_numpy()
    data.manifest["origin"] = np.where(is_left_out, "btp_t1c", "phantom")
    data.manifest["contrast"] = "T1"
    data.manifest.loc[is_left_out, "split"] = HOLDOUT_SPLIT
    write_masked_version(workspace.outputs, "v5")
    detector = Detector.load("v5", workspace)
    table = predict_fold(data, ("btp_t1c",), detector, 2)
    assert table["is_left_out"].sum() == is_left_out.sum()
    assert len(table) == is_left_out.sum() + len(data.split_rows(Split.VALIDATION))
    outputs = detector.infer_all(data.model_inputs[is_left_out], tta_views=2)
    evidence = outputs.mask_log_odds()
    assert evidence is not None
    left_out = table[table["is_left_out"]]
    assert left_out["logit_pituitary"].to_numpy() == pytest.approx(outputs.logits[:, 3])
    assert left_out["mask_log_odds"].to_numpy() == pytest.approx(evidence)
    assert (table.loc[~table["is_left_out"], "ood_distance"] < 1).all()
    write_out_of_fold(workspace.outputs, table.assign(fold=1))
