"""Answering: the graph of a trained network as it is exported and served, whichever kind it is."""

import keras

from braintumor.models.explained import with_grad_cam
from braintumor.models.masked import multitask_serving_graph


def serving_graph(model: keras.Model) -> keras.Model:
    """A trained network with its maps, and its mask where it has one: image to a dict with `logits` and others.

    Raises
    ------
    RecipeError
        Nothing is known of how its maps are found.
    """
    return with_grad_cam(model) if isinstance(model, keras.Sequential) else multitask_serving_graph(model)
