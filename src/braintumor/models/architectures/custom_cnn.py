"""Four convolution blocks for large images, with normalization and dropout; 4,668,164 parameters at 299 x 299 x 3."""

from typing import Final

import keras
from keras import layers

from braintumor.imaging import InputSpec
from braintumor.models.fused_normalization import FusedBatchNormalization
from braintumor.models.heads import classification_head

_BLOCKS: Final = ((32,), (64,), (128,), (256, 256))
_HIDDEN: Final = 64


def build(input_spec: InputSpec, outputs: int) -> keras.Sequential:
    """Build unpadded 3 x 3 convolutions with normalization, then Dense 64 and Dropout 0.5.

    Each block ends with pooling by 2 and Dropout 0.1. The fourth block has two convolutions; its output is 15 x 15
    cells.
    """
    steps = [keras.Input((input_spec.height, input_spec.width, input_spec.channels), name="image")]
    for block, filters in enumerate(_BLOCKS, start=1):
        for number, count in enumerate(filters, start=1):
            steps += [
                layers.Conv2D(count, 3, activation="relu", name=f"conv_{block}_{number}"),
                FusedBatchNormalization(name=f"norm_{block}_{number}"),
            ]
        steps += [layers.MaxPooling2D(2, name=f"pool_{block}"), layers.Dropout(0.1, name=f"dropout_{block}")]
    steps += [
        layers.Flatten(name="flatten"),
        layers.Dense(_HIDDEN, activation="relu", name="hidden"),
        layers.Dropout(0.5, name="dropout_5"),
    ]
    return keras.Sequential([*steps, classification_head(outputs)], name="custom_cnn")
