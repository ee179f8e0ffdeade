"""The images that a recipe names, from whichever sets."""

from braintumor.enums import Protocol
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.all_data import load_all_data
from braintumor.training.inputs.data import TrainingData, load_binary_data, load_training_data


def load_data(
    recipe: Recipe, protocol: Protocol, settings: Settings | None = None, *, with_masks: bool | None = None
) -> TrainingData:
    """Load the images of a recipe.

    Parameters
    ----------
    with_masks : bool, optional
        Load tumour masks; by default if the recipe has a mask section.
    """
    input_spec = recipe.input.to_input_spec()
    with_masks = recipe.mask is not None if with_masks is None else with_masks
    if recipe.data == "yes-no":
        return load_binary_data(input_spec, protocol, settings)
    if recipe.data == "all":
        return load_all_data(recipe, protocol, settings, with_masks=with_masks)
    return load_training_data(
        input_spec,
        protocol,
        settings,
        with_masks=with_masks,
        holdout_sources=recipe.holdout_sources,
        train_fraction=recipe.train_fraction,
    )
