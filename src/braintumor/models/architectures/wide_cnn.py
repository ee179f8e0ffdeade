"""Nine wide convolutions with ELU and four hidden layers; 3,763,940 parameters at 224 x 224 x 3."""

from typing import Final

import keras
from keras import layers

from braintumor.imaging import InputSpec
from braintumor.models.heads import classification_head

_BLOCKS: Final = ((128, 128, 128), (256, 256), (256, 256), (128, 128), (64, 64))
_HIDDEN: Final = (256, 128, 64, 32)


def build(input_spec: InputSpec, outputs: int) -> keras.Sequential:
    """Build padded 3 x 3 convolutions in five blocks with pooling by 2, then Dense 256, 128, 64 and 32.

    All activations are ELU (Clevert et al. 2016).
    """
    steps = [keras.Input((input_spec.height, input_spec.width, input_spec.channels), name="image")]
    for block, filters in enumerate(_BLOCKS, start=1):
        for number, count in enumerate(filters, start=1):
            steps.append(layers.Conv2D(count, 3, padding="same", activation="elu", name=f"conv_{block}_{number}"))
        steps.append(layers.MaxPooling2D(2, name=f"pool_{block}"))
    steps.append(layers.Flatten(name="flatten"))
    steps += [layers.Dense(count, activation="elu", name=f"hidden_{count}") for count in _HIDDEN]
    return keras.Sequential([*steps, classification_head(outputs)], name="wide_cnn")
