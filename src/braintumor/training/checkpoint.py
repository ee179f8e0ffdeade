"""Checkpoints of a training run: one file per epoch and the history, from which an interrupted run continues."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from braintumor.fileio import write_atomically
from braintumor.inference.runs import HISTORY_COLUMNS, HISTORY_FILE
from braintumor.models.builder import iter_leaf_layers, load_keras_model
from braintumor.training.schedule import best_epoch


class Checkpoints:
    """Working folder of one training run.

    The checkpoint of an epoch is written before its history row. The last row of the history therefore always has its
    checkpoint, whenever the run is killed. Only the last and the best epoch are stored.

    Parameters
    ----------
    folder : Path
    identity : dict
        What identifies the run (recipe, data); a folder left by another run is emptied.
    restart : bool
        Empty the folder in any case.
    """

    def __init__(self, folder: Path, identity: dict[str, object], *, restart: bool = False) -> None:
        self.folder = folder
        marker = folder / "run.json"
        text = json.dumps(identity, indent=1, sort_keys=True)
        if restart or not marker.is_file() or marker.read_text(encoding="utf-8") != text:
            shutil.rmtree(folder, ignore_errors=True)
            write_atomically(marker, text)

    def history(self) -> pd.DataFrame:
        """Return the history with one row per finished epoch."""
        path = self.folder / HISTORY_FILE
        return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=list(HISTORY_COLUMNS), dtype=float)

    def path(self, epoch: int) -> Path:
        """Return the checkpoint file of an epoch, counted from 1."""
        return self.folder / f"epoch-{epoch:03d}.keras"

    def save(self, model: keras.Model, history: pd.DataFrame, average: keras.Model | None = None) -> None:
        """Save the model and its moving average after the epoch described by the last row of `history`."""
        path = self.path(len(history))
        if average is not None:
            average.save(self._average_path(path))
        partial = path.with_name(f"part-{path.name}")
        model.save(partial)
        states = [state.numpy().tolist() for state in random_states(model)]
        write_atomically(path.with_suffix(".json"), json.dumps(states))
        partial.replace(path)
        write_atomically(self.folder / HISTORY_FILE, history.to_csv(index=False, lineterminator="\n"))
        current = {path.stem, self.path(self.find_best_epoch(history)).stem}
        for file in self.folder.glob("*epoch-*"):
            if file.name.partition(".")[0] not in current:
                file.unlink()

    def find_best_epoch(self, history: pd.DataFrame) -> int:
        """Return the epoch with the lowest validation loss, counted from 1."""
        return best_epoch(history["val_loss"].tolist()) + 1

    def load(self, epoch: int) -> tuple[keras.Model, keras.Model | None]:
        """Load the model with its optimizer as it was after an epoch, and its moving average if there is one."""
        model = load_keras_model(self.path(epoch), with_optimizer=True)
        states = json.loads(self.path(epoch).with_suffix(".json").read_text(encoding="utf-8"))
        for state, value in zip(random_states(model), states, strict=True):
            state.assign(np.array(value, state.dtype))
        average = self._average_path(self.path(epoch))
        return model, load_keras_model(average, with_optimizer=True) if average.is_file() else None

    @staticmethod
    def _average_path(path: Path) -> Path:
        return path.with_suffix(".average.keras")


def random_states(model: keras.Model) -> list[keras.Variable]:
    """Return the random states of layers such as dropout, which Keras does not save with the model."""
    return [
        variable
        for layer in iter_leaf_layers(model)
        for variable in layer.variables
        if not any(variable is weight for weight in layer.weights)
    ]
