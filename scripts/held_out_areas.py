"""AUC of held-out sources, for comparisons of class layers on frozen features."""

from collections.abc import Callable
from typing import Final

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.external.volume_slices import OUTSIDE, is_stripped_copy
from braintumor.enums import OTHER_LESION_LABEL, Split, TumorClass
from braintumor.evaluation.source_folds.leave_one_source_out import source_areas
from braintumor.models.recipe import Recipe
from braintumor.training.inputs.data import TrainingData

Features = NDArray[np.float32]

HEADERS: Final = "Mean AUC of held-out sources | Lowest | Kaggle validation |"
TUMOR_FREE_LABELS: Final = (str(TumorClass.NOTUMOR), OTHER_LESION_LABEL)
_BATCH_SIZE: Final = 32


def select_brain_slices(data: TrainingData) -> TrainingData:
    """Return the data without slices outside the brain and skull-stripped copies; v5 itself also learns from these."""
    manifest = data.manifest
    is_used = (manifest["field"] != OUTSIDE) & ~manifest["path"].map(is_stripped_copy).astype(bool)
    return data.select(np.flatnonzero(is_used.to_numpy()))


def compute_features(extractor: keras.Model, inputs: NDArray[np.uint8]) -> Features:
    """Return the features (n, d) of model inputs (n, height, width), in batches."""
    batches = (inputs[start : start + _BATCH_SIZE] for start in range(0, len(inputs), _BATCH_SIZE))
    shape = extractor.input_shape[1:]
    parts = [extractor.predict_on_batch((batch / np.float32(255)).reshape(-1, *shape)) for batch in batches]
    return np.concatenate(parts)


def format_cells(areas: dict[str, float], kaggle: float) -> str:
    """Format the mean AUC, the lowest with its source, and the AUC on the Kaggle validation split, as table cells."""
    lowest = min(areas, key=lambda name: areas[name])
    return f"{np.mean(list(areas.values())):.3f} | {areas[lowest]:.3f} ({lowest}) | {kaggle:.3f} |"


def score_held_out(
    data: TrainingData, recipe: Recipe, predict: Callable[[NDArray[np.int64]], NDArray[np.float64]]
) -> tuple[dict[str, float], float]:
    """Score each source of the folds of a recipe with predictions fitted without it.

    Parameters
    ----------
    predict : callable
        Given the rows to fit to, returns the tumour probability of every image.

    Returns
    -------
    areas : dict
        AUC of each held-out source, by name.
    kaggle : float
        Mean AUC of the folds on the validation split of the Kaggle set.
    """
    manifest = data.manifest.reset_index(drop=True)
    split, is_kaggle = manifest["split"].to_numpy(object), manifest["path"].str.startswith(f"{KAGGLE.folder}/")
    is_validation = (split == Split.VALIDATION) & is_kaggle.to_numpy()
    is_tumor = ~manifest["label"].isin(TUMOR_FREE_LABELS).to_numpy()
    parts, kaggle = [], []
    for fold, sources in enumerate(recipe.folds.sources if recipe.folds else (), start=1):
        is_left_out = manifest["origin"].isin(sources).to_numpy()
        probability = predict(np.flatnonzero((split == Split.TRAIN) & ~is_left_out))
        parts.append(manifest[is_left_out].assign(fold=fold, tumor_probability=probability[is_left_out]))
        kaggle.append(roc_auc_score(is_tumor[is_validation], probability[is_validation]))
    areas = source_areas(pd.concat(parts, ignore_index=True), replicates=10)
    return {name.split(":")[1]: float(entry["value"] or 0.0) for name, entry in areas.items()}, float(np.mean(kaggle))
