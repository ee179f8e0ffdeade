"""Answer: the last layer of a classifier, by how many numbers it answers with."""

import math
from typing import Final

from keras import layers

from braintumor.vocabulary import CLASSES, TUMOR_INDICES

# Where the one answer is tumour or none: its log-odds, times `KINDS` and plus `EVEN`, are logits of the four classes,
# spread evenly over the kinds that it cannot tell apart, so that their softmax gives the sigmoid back.
BINARY_TO_CLASS_WEIGHT: Final = tuple(1.0 if i in TUMOR_INDICES else 0.0 for i in range(len(CLASSES)))
BINARY_TO_CLASS_BIAS: Final = tuple(-math.log(len(TUMOR_INDICES)) * kind for kind in BINARY_TO_CLASS_WEIGHT)


def classification_head(outputs: int) -> layers.Dense:
    """A softmax over classes, or a sigmoid for the one number of a network that tells tumour from none.

    Float32 whatever the layers before compute in: probabilities near one would be lost in less.
    """
    if outputs == 1:
        return layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")
    return layers.Dense(outputs, activation="softmax", dtype="float32", name="probabilities")
