"""Training again removes the exports and results of the earlier model."""

from typing import Any

import keras
import pandas as pd
import pytest

from braintumor.inference.model_card import read_card
from braintumor.models.builder import build_model
from braintumor.models.recipe import load_recipe
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from braintumor.training.train import train
from tests.helpers.phantom_sets import write_split_phantoms


def _fake_training(*_: Any, **__: Any) -> tuple[keras.Model, pd.DataFrame]:
    history = {"epoch": [1], "accuracy": [0.5], "loss": [1.0], "val_accuracy": [0.5], "val_loss": [1.0]}
    return build_model(load_recipe("v1")), pd.DataFrame(history | {"learning_rate": [0.1], "seconds": [1.0]})


def test_results_of_the_earlier_model_are_removed(workspace: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = workspace.model_copy(update={"workers": 1})
    write_split_phantoms(settings, 12, 7)
    folder = settings.outputs / "v1"
    folder.mkdir()
    earlier = ("model.onnx", "saliency.onnx", "model.tflite", "model.int8.onnx", "similar_scans.npz", "curves.json",
               "predictions.csv", "ood_reference.csv")  # fmt: skip
    for name in earlier:
        (folder / name).write_bytes(b"earlier")
    (folder / "evaluation.json").write_text('{"test": {"accuracy": {"value": 0.99}}}')
    monkeypatch.setattr("braintumor.training.train.train_with_checkpoints", _fake_training)
    assert train("v1", settings=settings) == "v1"
    assert not any((folder / name).exists() for name in (*earlier, "evaluation.json"))
    assert set(read_card("v1", settings).files) == {"model.keras", "history.csv"}
    assert not read_version_report("v1", settings).evaluation
