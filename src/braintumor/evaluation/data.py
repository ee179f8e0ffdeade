"""Data of one evaluation: the images of a model, and its predictions on the scans of one split."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.manifest import kaggle_paths
from braintumor.datasets.masks import masks_folder
from braintumor.enums import Protocol
from braintumor.errors import DatasetError
from braintumor.inference.model_card import read_card
from braintumor.inference.outputs import Outputs
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.load import load_data


@dataclass(frozen=True, slots=True)
class SplitPredictions:
    """Predictions on the scans of one split, in manifest order.

    Attributes
    ----------
    manifest : DataFrame
    labels : ndarray of int, shape (n,)
    outputs : Outputs
    calibrated : ndarray, shape (n, 4)
        Calibrated probabilities, as the detector returns them.
    verdicts : ndarray of Verdict, shape (n,)
    masks : ndarray of uint8, shape (n, height, width), or None
        Reference masks in model-input coordinates; None if masks were not loaded.
    """

    manifest: pd.DataFrame
    labels: NDArray[np.int64]
    outputs: Outputs
    calibrated: NDArray[np.float64]
    verdicts: NDArray[np.object_]
    masks: NDArray[np.uint8] | None

    @property
    def groups(self) -> NDArray[np.object_]:
        """Group of each scan."""
        return self.manifest["group"].to_numpy(object)


def load_evaluation_data(name: str, settings: Settings) -> TrainingData:
    """Load the images a model is evaluated on: those of `load_calibration_data` without the external sets.

    A model trained on all sets is tested on the Kaggle set, as the others are, and on other sources by its stress test.
    """
    data = load_calibration_data(name, settings)
    return select_images(data, evaluated_rows(data))


def evaluated_rows(data: TrainingData) -> NDArray[np.int64]:
    """Return the rows of the images a model is evaluated on: all, or of all sets those of the Kaggle set."""
    if "licence" not in data.manifest:
        return np.arange(len(data.manifest))
    return np.flatnonzero(data.manifest["path"].str.startswith(f"{KAGGLE.folder}/").to_numpy())


def select_images(data: TrainingData, rows: NDArray[np.int64]) -> TrainingData:
    """Select rows of one image set, with paths relative to its folder."""
    selected = data.select(rows)
    return replace(selected, manifest=selected.manifest.assign(path=kaggle_paths(selected.manifest)))


def load_calibration_data(name: str, settings: Settings) -> TrainingData:
    """Load all images a model was trained and is calibrated on, with masks if it needs them or they are available.

    Raises
    ------
    DatasetError
        The images or their splits differ from those the model was trained on.
    """
    card = read_card(name, settings)
    recipe = Recipe(**card.recipe)
    with_masks = recipe.mask is not None or masks_folder(settings).is_dir()
    data = load_data(recipe, Protocol(card.protocol), settings, with_masks=with_masks)
    if data.fingerprint() != card.data.fingerprint:
        raise DatasetError(
            f"Cannot evaluate {name}: it was trained on other images or another split than those in inputs/, so the "
            "metrics would not be comparable. Restore outputs/dataset/manifest.csv, or retrain with: "
            f"braintumor train {name} --restart"
        )
    return data


def select_split(
    data: TrainingData,
    rows: NDArray[np.int64],
    outputs: Outputs,
    calibrated: NDArray[np.float64],
    verdicts: NDArray[np.object_],
) -> SplitPredictions:
    """Select some rows of the data with their predictions."""
    masks = None if data.masks is None else data.masks[rows]
    manifest = data.manifest.iloc[rows]
    return SplitPredictions(manifest, data.labels[rows], outputs.select(rows), calibrated[rows], verdicts[rows], masks)
