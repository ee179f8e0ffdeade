"""Refit the class layer of a trained network by logistic regression on unaltered training images.

Features that were trained on one image set also describe the images of others; it is the last layer that takes the
source of an image for its label (last layer retraining, Kirichenko et al. 2023). There are no copy-paste images here,
because their edges tell which of them were altered. Directions in which sources with the same label differ have a
penalty of their own (within-class covariance normalization, Hatch et al. 2006).
"""

from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, TUMOR_INDICES, UNKNOWN_TYPE_INDEX, Split
from braintumor.errors import DatasetError
from braintumor.models.recipe import Recipe
from braintumor.models.recipe_fields import ClassHeadRecipe
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.input_pipeline import (
    SplitTensors,
    evaluation_batches,
    split_tensors,
)
from braintumor.training.inputs.sampling import equal_source_weights

Floats = NDArray[np.float64]

_MAX_ITERATIONS: Final = 300
_BATCH_SIZE: Final = 128


def refit_class_head(model: keras.Model, recipe: Recipe, data: TrainingData) -> None:
    """Refit the layer `class` of a network on its layer `features`, in place.

    Tumour sources share half of the weight equally, and sources of slices without a tumour the other half. Tumours of
    unknown type count a third as each type. Every image is used as it is and mirrored, so that one view is enough.

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
    features = _compute_features(model, tensors)
    manifest = data.manifest.iloc[data.split_rows(Split.TRAIN)]
    sources = np.tile(manifest["origin"].to_numpy(object), 2)
    labels, weights = np.tile(tensors.labels, 2), np.tile(equal_source_weights(manifest) * len(manifest), 2)
    missing = [c.title for index, c in enumerate(CLASSES) if not (labels == index).any()]
    if missing:
        raise DatasetError(f"The class layer cannot be refitted without training images of: {', '.join(missing)}.")
    kernel, bias = fit_class_head(features, labels, sources, weights, recipe.class_head)
    model.get_layer("class").set_weights([kernel.astype(np.float32), bias.astype(np.float32)])


def _compute_features(model: keras.Model, tensors: SplitTensors) -> NDArray[np.float32]:
    """Return features (2 n, d) of the training images, then of their mirror images."""
    extractor = keras.Model(model.input, model.get_layer("features").output)
    batches = [
        [extractor.predict_on_batch(view) for view in (images, keras.ops.flip(images, axis=2))]
        for images, _ in evaluation_batches(tensors, _BATCH_SIZE)
    ]
    return np.concatenate([features for views in zip(*batches, strict=True) for features in views])


def fit_class_head(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    sources: NDArray[np.object_],
    weights: Floats,
    recipe: ClassHeadRecipe,
) -> tuple[Floats, Floats]:
    """Fit the class layer by logistic regression.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d)
    labels : ndarray of int64, shape (n,)
        Index of the class, or `UNKNOWN_TYPE_INDEX`.
    sources : ndarray of str, shape (n,)
    weights : ndarray of float64, shape (n,)
        With mean 1.

    Returns
    -------
    kernel : ndarray of float64, shape (d, classes)
    bias : ndarray of float64, shape (classes,)
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-4
    scaling = _penalty_scaling((features - mean) / scale, labels, sources, recipe.source_penalty) / scale[:, None]
    is_untyped = labels == UNKNOWN_TYPE_INDEX
    with_type = [(features[~is_untyped], labels[~is_untyped], weights[~is_untyped])]
    without_type = [
        (features[is_untyped], np.full(is_untyped.sum(), index), weights[is_untyped] / len(TUMOR_INDICES))
        for index in TUMOR_INDICES
    ]
    values, targets, shares = (np.concatenate(part) for part in zip(*with_type, *without_type, strict=True))
    regression = LogisticRegression(C=recipe.inverse_penalty, max_iter=_MAX_ITERATIONS)
    regression.fit((values - mean) @ scaling, targets, sample_weight=shares)
    kernel = scaling @ regression.coef_.T
    return kernel, regression.intercept_ - mean @ kernel


def _penalty_scaling(
    features: NDArray[np.float32], labels: NDArray[np.int64], sources: NDArray[np.object_], source_penalty: float
) -> NDArray[np.float32]:
    """Return a matrix (d, d); weights on features times it have the penalty of the recipe if penalized evenly.

    The penalty on weights w of standardized features is w'w plus `source_penalty` times their variance over the mean
    features of the sources, averaged over slices with and without a tumour.
    """
    if not source_penalty:
        return np.eye(features.shape[1], dtype=np.float32)
    is_tumor = labels != NO_TUMOR_INDEX
    scatter = np.zeros((features.shape[1], features.shape[1]))
    for label in (False, True):
        names = np.unique(sources[is_tumor == label].astype(str))
        means = np.stack([features[(is_tumor == label) & (sources == name)].mean(axis=0) for name in names])
        scatter += np.cov(means, rowvar=False, bias=True) / 2
    variances, directions = np.linalg.eigh(scatter)
    return np.asarray(directions / np.sqrt(1 + source_penalty * np.maximum(variances, 0)), np.float32)
