"""Scores of held-out sources, for comparisons of class layers on frozen features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.external.volume_slices import OUTSIDE, is_stripped_copy
from braintumor.enums import OTHER_LESION_LABEL, Split, TumorClass
from braintumor.evaluation.calibration.fit import LEFT_OUT_FALSE_POSITIVE_RATE
from braintumor.evaluation.source_folds.leave_one_source_out import source_areas
from braintumor.models.recipe import Recipe
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.sampling import equal_source_weights

Features = NDArray[np.float32]

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


@dataclass(frozen=True, slots=True)
class HeldOutScore:
    """How well predictions separate sources without which they were fitted.

    Attributes
    ----------
    areas : dict
        AUC of each held-out source, by name.
    flagged : float
        Share of the tumours above the score of 5% of the tumour-free slices; each held-out source has the same weight.
    kaggle : float
        Mean AUC of the folds on the validation split of the Kaggle set.
    """

    areas: dict[str, float]
    flagged: float
    kaggle: float

    def cells(self) -> str:
        """Format the columns of `table_head` for scores."""
        lowest = min(self.areas, key=lambda name: self.areas[name])
        mean = np.mean(list(self.areas.values()))
        return f"{mean:.3f} | {self.areas[lowest]:.3f} ({lowest}) | {self.flagged:.1%} | {self.kaggle:.3f} |"


def table_head(*settings: str) -> str:
    """Return the first two lines of a Markdown table: columns for settings, then for scores."""
    scores = "Mean AUC of held-out sources", "Lowest", "Flagged at 5% false alarms", "Kaggle validation: AUC"
    names = (*settings, *scores)
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}"


def score_held_out(
    data: TrainingData, recipe: Recipe, predict: Callable[[NDArray[np.int64]], NDArray[np.float64]]
) -> HeldOutScore:
    """Score each source of the folds of a recipe with predictions fitted without it.

    Parameters
    ----------
    predict : callable
        Given the rows to fit to, returns the tumour probability of every image.
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
    slices = pd.concat(parts, ignore_index=True)
    areas = {name.split(":")[1]: entry["value"] or 0.0 for name, entry in source_areas(slices, replicates=10).items()}
    return HeldOutScore(areas, _flagged(slices), float(np.mean(kaggle)))


def _flagged(slices: pd.DataFrame) -> float:
    """Return the share of tumours above the threshold for `LEFT_OUT_FALSE_POSITIVE_RATE`."""
    is_tumor, score = ~slices["label"].isin(TUMOR_FREE_LABELS).to_numpy(), slices["tumor_probability"].to_numpy()
    false_alarms, flagged, _ = roc_curve(is_tumor, score, sample_weight=equal_source_weights(slices))
    return float(flagged[false_alarms <= LEFT_OUT_FALSE_POSITIVE_RATE].max())
