"""CNN of the original project: four convolutions and one hidden layer; 495,972 parameters at 150 x 150 x 3."""

import keras
from keras import layers

from braintumor.imaging import InputSpec
from braintumor.models.heads import classification_head


def build(input_spec: InputSpec, outputs: int) -> keras.Sequential:
    """Build 4 x 4 convolutions (32, 64, 128, 128) with pooling by 3 between them, then Dense 512 and Dropout 0.5.

    After the first two convolutions the ReLU follows the pooling. Because max(relu(x)) = relu(max(x)), function and
    gradient are those of the original, with a ninth of the values to rectify.
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
