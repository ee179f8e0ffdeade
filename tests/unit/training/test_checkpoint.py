"""Checkpoints: an interrupted run continues from its last complete epoch."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from braintumor.inference.runs import HISTORY_COLUMNS
from braintumor.training.checkpoint import Checkpoints


def _model() -> keras.Sequential:
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dropout(0.5), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def _history(losses: list[float]) -> pd.DataFrame:
    rows = [[i + 1, 0.5, loss, 0.5, loss, 1e-3, 1.0] for i, loss in enumerate(losses)]
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS))


def test_loaded_model_continues_with_the_same_dropout_and_optimizer(tmp_path: Path) -> None:
    images, target = np.random.default_rng(0).random((64, 8)), np.ones((64, 2))
    keras.utils.set_random_seed(1)
    model = _model()
    model.fit(images, target, verbose=0, shuffle=False)
    checkpoints = Checkpoints(tmp_path / "work", {})
    checkpoints.save(model, _history([1.0]))
    keras.utils.set_random_seed(99)
    loaded, average = checkpoints.load(1)
    assert average is None
    for one in (model, loaded):
        one.fit(images, target, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_frozen_layers_stay_frozen_after_loading(tmp_path: Path) -> None:
    images, target = np.random.default_rng(0).random((64, 8)), np.ones((64, 2))
    layers = [keras.layers.Dense(6), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    layers[0].trainable = layers[1].trainable = False
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.compile("adam", "mse")
    model.fit(images, target, verbose=0, shuffle=False)
    checkpoints = Checkpoints(tmp_path / "work", {})
    checkpoints.save(model, _history([1.0]))
    loaded, _ = checkpoints.load(1)
    assert [layer.trainable for layer in loaded.layers] == [False, False, True]
    frozen_weights = loaded.get_weights()[:6]
    for one in (model, loaded):
        one.fit(images, target, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert all(np.array_equal(a, b) for a, b in zip(loaded.get_weights()[:6], frozen_weights, strict=True))


def test_only_last_and_best_epoch_are_stored(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "work", {})
    for count in range(1, 5):
        checkpoints.save(_model(), _history([0.9, 0.2, 0.5, 0.4][:count]))
    assert {p.stem for p in (tmp_path / "work").glob("epoch-*")} == {"epoch-002", "epoch-004"}
    assert checkpoints.find_best_epoch(checkpoints.history()) == 2


def test_folder_of_another_run_is_emptied(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "work", {"seed": 1}).save(_model(), _history([1.0]))
    assert len(Checkpoints(tmp_path / "work", {"seed": 1}).history()) == 1
    assert len(Checkpoints(tmp_path / "work", {"seed": 2}).history()) == 0


def test_restart_empties_the_folder(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "work", {}).save(_model(), _history([1.0]))
    assert len(Checkpoints(tmp_path / "work", {}, restart=True).history()) == 0


def test_checkpoint_without_history_row_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path / "work", {})
    checkpoints.save(_model(), _history([1.0]))
    with monkeypatch.context() as patched:
        patched.setattr(pd.DataFrame, "to_csv", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(_model(), _history([1.0, 0.5]))
    assert len(checkpoints.history()) == 1
    assert checkpoints.load(1)[0].count_params() == _model().count_params()


def test_average_is_stored_and_deleted_with_its_epoch(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "work", {})
    averages = [_model() for _ in range(4)]
    for count, average in enumerate(averages, start=1):
        checkpoints.save(_model(), _history([0.9, 0.2, 0.5, 0.4][:count]), average)
    assert len(list((tmp_path / "work").glob("*.average.keras"))) == 2
    for epoch in (2, 4):
        model, average = checkpoints.load(epoch)
        assert average is not None
        for actual, expected in zip(average.get_weights(), averages[epoch - 1].get_weights(), strict=True):
            assert np.array_equal(actual, expected)
        assert not np.array_equal(model.get_weights()[0], average.get_weights()[0])
