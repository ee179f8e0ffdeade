"""Refit the class layer of a trained network by logistic regression on training images and their mirror images.

Features that were trained on one image set also describe the images of others; it is the last layer that takes the
source of an image for its label (last layer retraining, Kirichenko et al. 2023). Images are not augmented further:
the edges of copy-paste images, for example, show which of them were altered. Directions in which sources with the same
label differ are penalized more (after within-class covariance normalization, Hatch et al. 2006).
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
from braintumor.training.inputs.input_pipeline import SplitTensors, evaluation_batches, split_tensors
from braintumor.training.inputs.sampling import equal_source_weights

Floats = NDArray[np.float64]

_MAX_ITERATIONS: Final = 300
_BATCH_SIZE: Final = 128


def refit_class_head(model: keras.Model, recipe: Recipe, data: TrainingData) -> None:
    """Refit the layer `class` of a network on its layer `features`, in place.

    Tumour sources share half of the weight equally, and sources of slices without a tumour the other half. Tumours of
    unknown type count a third as each type. Each image is used as stored and mirrored, so that the network needs no
    second view.

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
    parts = [
        extractor.predict_on_batch(keras.ops.flip(images, axis=2) if is_mirrored else images)
        for is_mirrored in (False, True)
        for images, _ in evaluation_batches(tensors, _BATCH_SIZE)
    ]
    return np.concatenate(parts)


def fit_class_head(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    sources: NDArray[np.object_],
    weights: Floats,
    head: ClassHeadRecipe,
) -> tuple[Floats, Floats]:
    """Fit the class layer by logistic regression.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d)
    labels : ndarray of int64, shape (n,)
        Index of the class, or `UNKNOWN_TYPE_INDEX`.
    sources : ndarray of str, shape (n,)
    weights : ndarray of float64, shape (n,)
        Their sum sets how much the data count against the penalty.

    Returns
    -------
    kernel : ndarray of float64, shape (d, classes)
    bias : ndarray of float64, shape (classes,)
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-4
    scaling = _penalty_scaling((features - mean) / scale, labels, sources, head.source_penalty) / scale[:, None]
    is_untyped = labels == UNKNOWN_TYPE_INDEX
    with_type = [(features[~is_untyped], labels[~is_untyped], weights[~is_untyped])]
    without_type = [
        (features[is_untyped], np.full(is_untyped.sum(), index), weights[is_untyped] / len(TUMOR_INDICES))
        for index in TUMOR_INDICES
    ]
    values, targets, shares = (np.concatenate(part) for part in zip(*with_type, *without_type, strict=True))
    regression = LogisticRegression(C=head.inverse_penalty, max_iter=_MAX_ITERATIONS)
    regression.fit((values - mean) @ scaling, targets, sample_weight=shares)
    kernel = scaling @ regression.coef_.T
    return kernel, regression.intercept_ - mean @ kernel


def _penalty_scaling(
    features: NDArray[np.float32], labels: NDArray[np.int64], sources: NDArray[np.object_], source_penalty: float
) -> NDArray[np.float32]:
    """Return the matrix (d, d) after which a plain L2 penalty equals that of the recipe.

    For weights w of standardized features, the penalty is |w|² plus `source_penalty` times the variance of w·m over
    sources, where m is the mean of a source. The variances with and without a tumour are averaged.
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
