"""Refit the class layer of a trained network by logistic regression on unaltered training images.

Features that were trained on one image set also describe the images of others; it is the last layer that takes the
source of an image for its label (last layer retraining, Kirichenko et al. 2023). There are no copy-paste images here,
because their edges tell which of them were altered.
"""

from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from braintumor.enums import CLASSES, TUMOR_INDICES, UNKNOWN_TYPE_INDEX, Split
from braintumor.errors import DatasetError
from braintumor.models.recipe import Recipe
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.input_pipeline import (
    SplitTensors,
    evaluation_batches,
    plan_epoch,
    split_tensors,
    training_batches,
)
from braintumor.training.inputs.sampling import equal_source_weights

Floats = NDArray[np.float64]

_MAX_ITERATIONS: Final = 300
_BATCH_SIZE: Final = 128


def refit_class_head(model: keras.Model, recipe: Recipe, data: TrainingData) -> None:
    """Refit the layer `class` of a network on its layer `features`, in place.

    Tumour sources share half of the weight equally, and sources of slices without a tumour the other half. Tumours of
    unknown type count a third as each type.

    Parameters
    ----------
    model : Model
        With the layers of `braintumor.models.heads.multitask_head`.
    recipe : Recipe
        With a section `[class_head]`.

    Raises
    ------
    DatasetError
        A class has no training image.
    """
    if recipe.class_head is None:
        raise ValueError("The recipe has no section [class_head].")
    tensors = split_tensors(recipe, data, Split.TRAIN)
    features, rows = _compute_features(model, recipe, tensors, recipe.class_head.copies)
    shares = equal_source_weights(data.manifest.iloc[data.split_rows(Split.TRAIN)])
    labels, weights = tensors.labels[rows], shares[rows] * len(rows) / shares[rows].sum()
    missing = [c.title for index, c in enumerate(CLASSES) if not (labels == index).any()]
    if missing:
        raise DatasetError(f"The class layer cannot be refitted without training images of: {', '.join(missing)}.")
    kernel, bias = _fit(features, labels, weights, recipe.class_head.inverse_penalty)
    model.get_layer("class").set_weights([kernel.astype(np.float32), bias.astype(np.float32)])


def _compute_features(
    model: keras.Model, recipe: Recipe, tensors: SplitTensors, copies: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features (n, d) of the training images and of augmented copies, and the row of the image of each (n,)."""
    extractor = keras.Model(model.input, model.get_layer("features").output)
    rows = [np.arange(len(tensors.labels))]
    parts = [extractor.predict_on_batch(images) for images, _ in evaluation_batches(tensors, _BATCH_SIZE)]
    unpasted = recipe.model_copy(update={"copy_paste": None})
    for copy in range(1, copies + 1):
        plan = plan_epoch(unpasted, None, tensors, copy)
        rows.append(plan.indices)
        parts += [extractor.predict_on_batch(images) for images, _ in training_batches(tensors, plan, _BATCH_SIZE)]
    return np.concatenate(parts), np.concatenate(rows)


def _fit(
    features: NDArray[np.float32], labels: NDArray[np.int64], weights: Floats, inverse_penalty: float
) -> tuple[Floats, Floats]:
    """Return kernel (d, classes) and bias (classes,) for features that are not standardized."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-4
    is_untyped = labels == UNKNOWN_TYPE_INDEX
    with_type = [(features[~is_untyped], labels[~is_untyped], weights[~is_untyped])]
    without_type = [
        (features[is_untyped], np.full(is_untyped.sum(), index), weights[is_untyped] / len(TUMOR_INDICES))
        for index in TUMOR_INDICES
    ]
    values, targets, shares = (np.concatenate(part) for part in zip(*with_type, *without_type, strict=True))
    regression = LogisticRegression(C=inverse_penalty, max_iter=_MAX_ITERATIONS)
    regression.fit((values - mean) / scale, targets, sample_weight=shares)
    kernel = regression.coef_.T / scale[:, None]
    return kernel, regression.intercept_ - mean @ kernel
