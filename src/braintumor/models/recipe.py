"""Recipe: what to train, as data, read from `recipes/<version>.toml`."""

import tomllib
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from braintumor.enums import CLASSES, Protocol, Task
from braintumor.errors import RecipeError
from braintumor.imaging import InputSpec
from braintumor.inference.run_names import with_protocol
from braintumor.settings import Settings, get_settings


class StrictModel(BaseModel):
    """Takes no field it does not know, and none anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def omit_default(default: Any, **bounds: Any) -> Any:
    """A field that came after the first runs: dumped only where set, so that they stay runs of the same recipe."""
    return Field(default=default, exclude_if=lambda value: value == default, **bounds)


class InputRecipe(StrictModel):
    """Size and preparation of the model's input; see `InputContract`."""

    height: int = Field(ge=16, le=1024)
    width: int = Field(ge=16, le=1024)
    channels: Literal[1, 3] = 3
    crop_margin: bool = True
    fit: Literal["letterbox", "stretch"] = "letterbox"

    def to_input_spec(self) -> InputSpec:
        """The same as the contract that imaging works by."""
        return InputSpec(**self.model_dump())


class FitRecipe(StrictModel):
    """Optimizer, schedule and length of the training."""

    optimizer: str = "adam"
    learning_rate: float = Field(gt=0)
    loss: str = "categorical_crossentropy"
    batch_size: int = Field(default=32, gt=0)
    epochs: int = Field(gt=0)
    passes: int = Field(default=1, gt=0)
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    early_stopping_patience: int = Field(default=8, gt=0)
    plateau_patience: int = Field(default=5, gt=0)
    plateau_factor: float = Field(default=0.3, gt=0, lt=1)
    schedule: Literal["plateau", "one_cycle"] = "plateau"
    weight_decay: float = Field(default=0.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    averaging: float = Field(default=0.0, ge=0, lt=1)
    """Momentum of a moving average of the weights over steps; zero keeps none."""
    sizes: tuple[tuple[float, int], ...] = ()
    """Progressive resizing: (share of the epochs until which, side of the frames in pixels), full size after."""


# What a recipe without one has: nothing is fitted.
NO_FIT: Final = FitRecipe.model_construct(learning_rate=0.0, epochs=0)


class AugmentationRecipe(StrictModel):
    """Ranges of the random changes made to training images; zero or one leaves them alone."""

    rotation: float = Field(default=0.0, ge=0, le=180)
    shift: float = Field(default=0.0, ge=0, lt=1)
    shear: float = Field(default=0.0, ge=0, lt=90)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    brightness: tuple[float, float] = (1.0, 1.0)
    horizontal_flip: bool = False


class IntensityRecipe(StrictModel):
    """Ranges and chances of changes to grey levels, sharpness and margins; zero leaves them alone."""

    share: float = Field(default=1.0, ge=0, le=1)
    """Share of images whose grey curve is changed."""
    gamma: float = Field(default=0.0, ge=0)
    contrast: float = Field(default=0.0, ge=0)
    bend: float = Field(default=0.0, ge=0, le=1)
    inversion: float = Field(default=0.0, ge=0, le=1)
    shading: float = Field(default=0.0, ge=0)
    blur: float = Field(default=0.0, ge=0, le=1)
    noise: float = Field(default=0.0, ge=0)
    hole: float = Field(default=0.0, ge=0, le=1)


class CopyPasteRecipe(StrictModel):
    """How often slices are given the other answer; see `braintumor.training.augmentation.tumor_copy_paste`."""

    planted: float = Field(default=0.0, ge=0, le=1)
    """Share of healthy slices given a tumour."""
    decoys: float = Field(default=0.0, ge=0, le=1)
    """Share of healthy slices given a patch of healthy tissue in the shape of a tumour."""
    painted_out: float = Field(default=0.0, ge=0, le=1)
    """Share of outlined tumours filled with healthy tissue."""
    recolored: float = Field(default=0.0, ge=0, le=1)
    """Share of planted tumours with another contrast than their own, which could be any kind of tumour."""


class MaskRecipe(StrictModel):
    """How much the tumour mask counts beside the label."""

    weight: float = Field(default=1.0, ge=0)


class TeachersRecipe(StrictModel):
    """Trained versions whose averaged answers are learnt from beside the truth (Hinton et al. 2015)."""

    versions: tuple[str, ...] = Field(min_length=1)
    weight: float = Field(default=0.7, gt=0, le=1)
    """Share of the losses that is the teachers'; the rest stays with labels and outlines."""
    temperature: float = Field(default=2.0, ge=1)
    """How much the class probabilities are softened before they are compared."""
    mirrored: bool = False
    """Whether the teachers see the mirror image too."""


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
