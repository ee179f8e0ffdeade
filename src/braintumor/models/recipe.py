"""Recipe: what to train, as data, read from `recipes/<version>.toml`."""

import tomllib
from typing import Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from braintumor.errors import RecipeError
from braintumor.models.recipe_parts import (
    NO_FIT,
    AugmentationRecipe,
    CopyPasteRecipe,
    FitRecipe,
    InputRecipe,
    IntensityRecipe,
    MaskRecipe,
    StrictModel,
    TeachersRecipe,
    omit_default,
)
from braintumor.runs import with_protocol
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES, Protocol, Task

ENCODER_STRIDE: Final = 32  # pixels of the input to a cell of the last stage, of networks with a mask


class Recipe(StrictModel):
    """One experiment. A new experiment is a new file, not a new branch in the code."""

    title: str
    task: Task = Task.FOUR_CLASS
    data: Literal["kaggle", "yes-no"] = omit_default("kaggle")
    """The image set that is learnt from."""
    architecture: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    network: dict[str, str | int | float | bool] = omit_default({})
    """What the architecture leaves open: options of its `build`."""
    seed: int = Field(ge=0)
    weights: Literal["none", "imagenet"] = "none"
    frozen_through: str = ""
    """Last layer that keeps its initial weights; none where empty."""
    thaw: tuple[tuple[float, str], ...] = omit_default(())
    """Progressive fine-tuning: (share of the epochs from which, last layer that then stays frozen or none)."""
    leave_out: str = ""
    """Origin whose tumours, with all their groups, are kept from training and validation and tested on apart."""
    learn_from: float = Field(default=1.0, gt=0, le=1)
    """Share of the training groups of each class that are learnt from."""
    members: tuple[str, ...] = omit_default(())
    """Versions whose answers are averaged, instead of a network of its own."""
    weighted: bool = omit_default(True)
    """Whether members are weighted by what makes validation labels likeliest; else all count alike."""
    input: InputRecipe
    fit: FitRecipe = omit_default(NO_FIT)
    augmentation: AugmentationRecipe = AugmentationRecipe()
    appearance: IntensityRecipe | None = None
    composites: CopyPasteRecipe | None = None
    mask: MaskRecipe | None = None
    teachers: TeachersRecipe | None = omit_default(None)

    @property
    def outputs(self) -> int:
        """Numbers the network answers with: a probability of each class, or one of tumour."""
        return 1 if self.task is Task.BINARY else len(CLASSES)

    def for_protocol(self, protocol: Protocol) -> Self:
        """The same recipe under a protocol: whoever teaches has to have learnt from the same images."""
        if self.teachers is None:
            return self
        versions = tuple(with_protocol(name, protocol) for name in self.teachers.versions)
        return self.model_copy(update={"teachers": self.teachers.model_copy(update={"versions": versions})})

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.task is Task.BINARY and (self.mask or self.composites):
            raise ValueError("a recipe with a mask or composites tells the four classes: set task to four-class")
        if bool(self.members) != (self.fit == NO_FIT):
            raise ValueError("a recipe has either members, which are trained already, or a [fit]")
        if (self.fit.loss == "binary_crossentropy") != (self.task is Task.BINARY) and not self.members:
            raise ValueError("task tumor goes with loss binary_crossentropy, four-class with categorical_crossentropy")
        if self.data == "yes-no" and self.task is not Task.BINARY:
            raise ValueError("nobody says which kind the tumours of the yes/no set are: set task to tumor")
        if self.teachers and not self.mask:
            raise ValueError("teachers are for a network with a class and a mask: add [mask]")
        if self.thaw and self.fit.averaging:
            # Each thaw begins a new optimizer, by whose steps the average counts.
            raise ValueError("an average of weights would begin anew at each thaw: set averaging to 0, or thaw nothing")
        sides = [side for _, side in self.fit.sizes] + [self.input.height, self.input.width]
        if self.mask and any(side % ENCODER_STRIDE for side in sides):
            raise ValueError(
                f"a decoder doubles what its encoder halved: with [mask], sides in [input] and sizes are multiples of "
                f"{ENCODER_STRIDE} pixels"
            )
        return self


def load_recipe(version: str, settings: Settings | None = None) -> Recipe:
    """Read the recipe of a version.

    Raises
    ------
    RecipeError
        There is no such recipe, or it does not make sense; the message names the field.
    """
    folder = (settings or get_settings()).recipes
    path = folder / f"{version}.toml"
    try:
        return Recipe(**tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        have = ", ".join(sorted(p.stem for p in folder.glob("*.toml"))) or "none"
        raise RecipeError(f"There is no recipe {version!r} (available: {have}).") from None
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise RecipeError(f"recipes/{path.name} is not a recipe: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise RecipeError(f"recipes/{path.name}: {place}: {first['msg']}.") from error
