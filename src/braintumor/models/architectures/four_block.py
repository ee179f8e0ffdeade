"""Four blocks of convolution, normalization and pooling; 3,602,113 parameters at 150 x 150 x 3, binary."""

from typing import Final

import keras
from keras import layers

from braintumor.imaging import InputSpec
from braintumor.models.heads import classification_head

_FILTERS: Final = (32, 64, 128, 256)


def build(input_spec: InputSpec, outputs: int) -> keras.Sequential:
    """Build unpadded 3 x 3 convolutions with normalization and pooling by 2, then Dense 256 between two dropouts."""
    steps = [keras.Input((input_spec.height, input_spec.width, input_spec.channels), name="image")]
    for number, filters in enumerate(_FILTERS, start=1):
        steps += [
            layers.Conv2D(filters, 3, activation="relu", name=f"conv_{number}"),
            layers.BatchNormalization(name=f"norm_{number}"),
            layers.MaxPooling2D(2, name=f"pool_{number}"),
        ]
    steps += [
        layers.Flatten(name="flatten"),
        layers.Dropout(0.5, name="dropout_1"),
        layers.Dense(256, activation="relu", name="hidden"),
        layers.Dropout(0.3, name="dropout_2"),
    ]
    return keras.Sequential([*steps, classification_head(outputs)], name="four_block")
