"""Saved: read a `.keras` file back, with every layer of our own known by its name."""

from pathlib import Path

import keras

from braintumor.models import masked_head  # noqa: F401  # it registers its layer


def load_keras_model(path: Path, *, with_optimizer: bool = False) -> keras.Model:
    """A network from its file.

    Parameters
    ----------
    with_optimizer : bool
        As it was compiled, to train on; else to look and to answer only.
    """
    model: keras.Model = keras.models.load_model(path, compile=with_optimizer)
    return model
