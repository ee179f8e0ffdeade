"""Losses of networks with two answers: a class out of those that are right, and a mask where one is known."""

from typing import Any

import keras
from keras import ops

UNKNOWN_MASK = -1.0  # value of a mask target nobody outlined
_PIXEL_LOSS_WEIGHT = 10.0  # what the cross-entropy of pixels counts beside the Dice loss


@keras.saving.register_keras_serializable("braintumor")
class PartialLabelCrossEntropy(keras.losses.Loss):
    """Cross-entropy against a set of answers of which any is right; with one answer, the usual categorical one.

    So it is with a mixture of two images, whose answers are right in part.
    """

    def __init__(self, label_smoothing: float = 0.0, name: str = "set_crossentropy", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`y_true` (n, classes) from zero to one, `y_pred` probabilities (n, classes); one loss per image."""
        sure = -ops.log(ops.clip(ops.sum(y_true * y_pred, axis=-1), 1e-6, 1.0))
        logs = ops.log(ops.clip(y_pred, 1e-6, 1.0))
        sure = ops.where(ops.max(y_true, axis=-1) < 1, -ops.sum(y_true * logs, axis=-1), sure)
        even = -ops.mean(logs, axis=-1)
        return (1 - self.label_smoothing) * sure + self.label_smoothing * even

    def get_config(self) -> dict[str, Any]:
        """Arguments that make the same loss again."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("braintumor")
class MaskLoss(keras.losses.Loss):
    """Cross-entropy of each pixel, and Dice loss (Milletari et al. 2016) where there is tumour; unknown masks are free.

    Tumours are a fiftieth of a slice: cross-entropy alone would be content to see none.
    """

    def __init__(self, name: str = "mask_loss", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`y_true` (n, h, w, 1) from 0 to 1 or `UNKNOWN`, `y_pred` logits of the same shape; one loss per image."""
        known = ops.cast(ops.max(y_true, axis=(1, 2, 3)) > UNKNOWN_MASK / 2, "float32")
        truth = ops.clip(y_true, 0.0, 1.0)
        seen = ops.sigmoid(y_pred)
        area = ops.sum(truth, axis=(1, 2, 3))
        overlap = 2 * ops.sum(truth * seen, axis=(1, 2, 3)) + 1
        dice = 1 - overlap / (area + ops.sum(seen, axis=(1, 2, 3)) + 1)
        return known * (pixel_loss(truth, y_pred) + ops.where(area > 0, dice, 0.0))


def pixel_loss(truth: Any, logits: Any) -> Any:
    """Cross-entropy of mask logits against probabilities, both (n, h, w, 1): one weighed mean per image."""
    pixels = ops.relu(logits) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
    return _PIXEL_LOSS_WEIGHT * ops.mean(pixels, axis=(1, 2, 3))


_MIN_PROBABILITY = 1e-6


def soften(probabilities: Any, temperature: float) -> Any:
    """Probabilities (n, classes) of the same logits divided by a temperature."""
    return ops.softmax(ops.log(ops.clip(probabilities, _MIN_PROBABILITY, 1.0)) / temperature)


@keras.saving.register_keras_serializable("braintumor")
class DistillationLoss(keras.losses.Loss):
    """Kullback-Leibler divergence of the teachers' softened class probabilities from one's own (Hinton et al. 2015).

    Times the square of the temperature, so that its gradients stay as large as those of the labels.
    """

    def __init__(self, temperature: float = 1.0, name: str = "taught_class", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)
        self.temperature = temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`y_true` softened probabilities, `y_pred` probabilities, both (n, classes); one loss per image."""
        said, own = (
            ops.clip(y_true, _MIN_PROBABILITY, 1.0),
            ops.clip(soften(y_pred, self.temperature), _MIN_PROBABILITY, 1.0),
        )
        return self.temperature**2 * ops.sum(said * (ops.log(said) - ops.log(own)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make the same loss again."""
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable("braintumor")
class MaskDistillationLoss(keras.losses.Loss):
    """Cross-entropy of each pixel against what teachers see there, weighed as `MaskLoss` weighs its own.

    There is no Dice loss in it: against probabilities that one is least for answers surer than they are.
    """

    def __init__(self, name: str = "taught_mask", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`y_true` probabilities (n, h, w, 1), `y_pred` logits of the same shape; one loss per image."""
        return pixel_loss(y_true, y_pred)
