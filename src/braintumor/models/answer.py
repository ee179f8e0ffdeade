"""Answer: the last layer of a classifier, by how many numbers it answers with."""

from keras import layers


def answer(outputs: int) -> layers.Dense:
    """A softmax over classes, or a sigmoid for the one number of a network that tells tumour from none.

    Float32 whatever the layers before compute in: probabilities near one would be lost in less.
    """
    if outputs == 1:
        return layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")
    return layers.Dense(outputs, activation="softmax", dtype="float32", name="probabilities")
