"""A network in two parts: the layers whose outputs never change in training, and those after them."""

import keras

from braintumor.errors import RecipeError
from braintumor.models.builder import iter_leaf_layers


def split_after_frozen_layers(model: keras.Sequential) -> tuple[keras.Model, keras.Model]:
    """Split a sequential network before its first layer that is trained or random; both parts share its weights.

    Layers without weights after the last frozen layer, such as pooling, belong to the first part, which makes its
    output smaller.

    Parameters
    ----------
    model : Sequential
        A network with frozen layers, possibly inside a nested network.

    Returns
    -------
    base : Model
        Image (n, height, width, channels) to the output of the last of these layers.
    head : Model
        That output to the output of `model`.

    Raises
    ------
    RecipeError
        The network is not sequential, or connections skip the place where it would be split.
    """
    if not isinstance(model, keras.Sequential):
        raise RecipeError("cache_features needs a keras.Sequential network. Set cache_features = false in the recipe.")
    position = next(i for i, layer in enumerate(model.layers) if not _is_constant(layer))
    first, last = list(model.layers[:position]), list(model.layers[position:])
    if isinstance(last[0], keras.Model):
        nested_base, last[0] = _split_nested(last[0])
        first.append(nested_base)
    base = keras.Sequential([keras.Input(model.input_shape[1:]), *first], name="base")
    return base, keras.Sequential([keras.Input(base.output_shape[1:]), *last], name="head")


def _split_nested(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    position = next(i for i, layer in enumerate(network.layers) if not _is_constant(layer))
    last_frozen, first_trained = network.layers[max(position - 1, 0)], network.layers[position]
    try:
        return keras.Model(network.input, last_frozen.output), keras.Model(last_frozen.output, network.output)
    except ValueError as error:
        raise RecipeError(
            f"cache_features cannot split the network between {last_frozen.name} and {first_trained.name}, because "
            "other layers are connected across this place. Choose another layer for freeze_until, such as the last of "
            "a block."
        ) from error


def _is_constant(layer: keras.layers.Layer) -> bool:
    """Whether a layer, or all layers of a nested network, are neither trained nor random (dropout)."""
    leaves = list(iter_leaf_layers(layer)) if isinstance(layer, keras.Model) else [layer]
    # A random layer has its random state as a variable that is not among its weights.
    return not any(leaf.trainable_weights or len(leaf.variables) > len(leaf.weights) for leaf in leaves)
