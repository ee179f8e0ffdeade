"""Areas under the ROC curve of held-out sources, for comparisons of class layers on frozen features."""

from collections.abc import Callable
from typing import Final

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

TUMOR_FREE_LABELS: Final = (str(TumorClass.NOTUMOR), OTHER_LESION_LABEL)


def select_scored(data: TrainingData) -> TrainingData:
    """Leave out slices outside the brain and skull-stripped copies."""
    manifest = data.manifest
    is_used = (manifest["field"] != OUTSIDE) & ~manifest["path"].map(is_stripped_copy).astype(bool)
    return data.select(np.flatnonzero(is_used.to_numpy()))


def score_held_out(
    data: TrainingData, recipe: Recipe, predict: Callable[[NDArray[np.int64]], NDArray[np.float64]]
) -> tuple[dict[str, float], float]:
    """Score predictions for the sources of each fold of a recipe, without which they are fitted.

    Parameters
    ----------
    predict : callable
        Given the rows to fit to, returns the tumour probability of every image.

    Returns
    -------
    areas : dict
        Area of each held-out source, by its name.
    kaggle : float
        Mean area over the folds on the validation split of the Kaggle set.
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
