"""Losses beside label and mask: how far a network is from what its teachers say."""

from typing import Any

import keras
from keras import ops

from braintumor.training.losses import pixel_loss

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
