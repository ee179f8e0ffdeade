"""Keras losses for class, mask and distillation targets, with missing or ambiguous labels."""

from typing import Any, Final

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from braintumor.enums import CLASSES, TUMOR_INDICES

UNKNOWN_MASK: Final = -1.0  # value of the mask target where the tumour was not outlined
_PIXEL_LOSS_WEIGHT: Final = 10.0  # weight of the pixel cross-entropy relative to the Dice loss
_MIN_PROBABILITY: Final = 1e-6


def encode_class_targets(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Encode labels as sets of correct classes: one, or all tumour types for `UNKNOWN_TYPE_INDEX`.

    Returns
    -------
    ndarray of float32, shape (n, classes)

    Raises
    ------
    ValueError
        An image has no class.
    """
    if (labels < 0).any():
        raise ValueError("Images without a class have no target: leave them out of the split.")
    targets = np.eye(len(CLASSES) + 1, len(CLASSES), dtype=np.float32)
    targets[-1, list(TUMOR_INDICES)] = 1.0
    return targets[labels]


@keras.saving.register_keras_serializable("braintumor")
class PartialLabelCrossEntropy(keras.losses.Loss):
    """Cross-entropy with a set of correct classes per image; with one correct class, categorical cross-entropy.

    Targets below 1 in all classes are soft labels, for which the usual cross-entropy is used.
    """

    def __init__(self, label_smoothing: float = 0.0, name: str = "set_crossentropy", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss per image for targets from 0 to 1 and probabilities, both (n, classes)."""
        loss = -ops.log(ops.clip(ops.sum(y_true * y_pred, axis=-1), _MIN_PROBABILITY, 1.0))
        log_probabilities = ops.log(ops.clip(y_pred, _MIN_PROBABILITY, 1.0))
        loss = ops.where(ops.max(y_true, axis=-1) < 1, -ops.sum(y_true * log_probabilities, axis=-1), loss)
        uniform_loss = -ops.mean(log_probabilities, axis=-1)
        return (1 - self.label_smoothing) * loss + self.label_smoothing * uniform_loss

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create the same loss."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("braintumor")
class MaskLoss(keras.losses.Loss):
    """Pixel cross-entropy plus Dice loss (Milletari et al. 2016) where there is tumour; unknown masks cost nothing.

    Tumours cover about 2% of a slice, so cross-entropy alone would favour empty masks.
    """

    def __init__(self, name: str = "mask_loss", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss per image for targets (n, h, w, 1) from 0 to 1 or `UNKNOWN_MASK`, and logits."""
        is_known = ops.cast(ops.max(y_true, axis=(1, 2, 3)) > UNKNOWN_MASK / 2, "float32")
        truth = ops.clip(y_true, 0.0, 1.0)
        probability = ops.sigmoid(y_pred)
        area = ops.sum(truth, axis=(1, 2, 3))
        overlap = 2 * ops.sum(truth * probability, axis=(1, 2, 3)) + 1
        dice_loss = 1 - overlap / (area + ops.sum(probability, axis=(1, 2, 3)) + 1)
        return is_known * (pixel_loss(truth, y_pred) + ops.where(area > 0, dice_loss, 0.0))


@keras.saving.register_keras_serializable("braintumor")
class DistillationLoss(keras.losses.Loss):
    """Kullback-Leibler divergence between the softened class probabilities of teachers and student.

    Hinton et al. (2015). The factor temperature squared keeps its gradients as large as those of the label loss.
    """

    def __init__(self, temperature: float = 1.0, name: str = "teacher_class", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)
        self.temperature = temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss per image for softened teacher probabilities and student probabilities, both (n, classes)."""
        teacher = ops.clip(y_true, _MIN_PROBABILITY, 1.0)
        student = ops.clip(soften(y_pred, self.temperature), _MIN_PROBABILITY, 1.0)
        return self.temperature**2 * ops.sum(teacher * (ops.log(teacher) - ops.log(student)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create the same loss."""
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable("braintumor")
class MaskDistillationLoss(keras.losses.Loss):
    """Pixel cross-entropy against the teachers' mask probabilities, weighted as in `MaskLoss`.

    It has no Dice term: with soft targets, the Dice loss is lowest for predictions that are more extreme than them.
    """

    def __init__(self, name: str = "teacher_mask", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss per image for probabilities (n, h, w, 1) and logits of the same shape."""
        return pixel_loss(y_true, y_pred)


def pixel_loss(truth: Any, logits: Any) -> Any:
    """Return the weighted mean cross-entropy of mask logits per image; both (n, h, w, 1)."""
    cross_entropy = ops.relu(logits) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
    return _PIXEL_LOSS_WEIGHT * ops.mean(cross_entropy, axis=(1, 2, 3))


def soften(probabilities: Any, temperature: float) -> Any:
    """Return the probabilities (n, classes) of the same logits divided by a temperature."""
    return ops.softmax(ops.log(ops.clip(probabilities, _MIN_PROBABILITY, 1.0)) / temperature)
