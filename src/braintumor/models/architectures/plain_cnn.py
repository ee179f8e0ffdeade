"""Plain CNN of the original project: four convolutions, one hidden layer; 495,972 parameters at 150 x 150 x 3."""

import keras
from keras import layers

from braintumor.imaging import InputSpec
from braintumor.models.heads import classification_head


def build(input_spec: InputSpec, outputs: int) -> keras.Sequential:
    """Conv 32, 64, 128, 128 of 4 x 4 with pooling by 3 between them, Dense 512, Dropout 0.5, the answer.

    On the two large frames values are pooled before they are rectified: the largest of rectified values is the
    rectified largest, so this is the original's function and gradient, with a ninth of the values to rectify.
    """
    return keras.Sequential(
        [
            keras.Input((input_spec.height, input_spec.width, input_spec.channels), name="image"),
            layers.Conv2D(32, 4, name="conv_1"),
            layers.MaxPooling2D(3, name="pool_1"),
            layers.ReLU(name="relu_1"),
            layers.Conv2D(64, 4, name="conv_2"),
            layers.MaxPooling2D(3, name="pool_2"),
            layers.ReLU(name="relu_2"),
            layers.Conv2D(128, 4, activation="relu", name="conv_3"),
            layers.MaxPooling2D(3, name="pool_3"),
            layers.Conv2D(128, 4, activation="relu", name="conv_4"),
            layers.Flatten(name="flatten"),
            layers.Dense(512, activation="relu", name="hidden"),
            layers.Dropout(0.5, name="dropout"),
            classification_head(outputs),
        ],
        name="plain_cnn",
    )
