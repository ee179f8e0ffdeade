"""Gradient reversal: what lies before it learns the opposite of what lies after it (Ganin and Lempitsky 2015)."""

from typing import Any, Final

import keras
from keras import layers, ops

_HIDDEN: Final = 64


@keras.saving.register_keras_serializable("braintumor")
class GradientReversal(layers.Layer):
    """Passes values on unchanged, and gradients back times minus `strength`."""

    def __init__(self, strength: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.strength = strength

    def call(self, values: Any) -> Any:
        """`values` of any shape to the same values."""
        return ops.stop_gradient((1 + self.strength) * values) - self.strength * values

    def get_config(self) -> dict[str, Any]:
        """Arguments that make the same layer again."""
        return {**super().get_config(), "strength": self.strength}


def origin_reader(features: Any, labels: int, origins: int, strength: float) -> Any:
    """A small classifier of the origin for each label, from features that learn to give it nothing to read.

    Parameters
    ----------
    features : KerasTensor, shape (n, d)
    labels, origins : int
        Labels within which an origin is told, and origins there are.

    Returns
    -------
    KerasTensor
        Logits (n, labels, origins).
    """
    values = GradientReversal(strength, dtype="float32", name="reversal")(features)
    values = layers.Dense(_HIDDEN, activation="relu", dtype="float32", name="origin_hidden")(values)
    values = layers.Dense(labels * origins, dtype="float32", name="origin_logits")(values)
    return layers.Reshape((labels, origins), name="origin")(values)
