"""Recipe: what to train, as data, read from `recipes/<version>.toml`."""

import tomllib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from braintumor.errors import RecipeError
from braintumor.imaging import InputContract
from braintumor.settings import Settings, get_settings


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputRecipe(_Strict):
    """Size and preparation of the model's input; see `InputContract`."""

    height: int = Field(ge=16, le=1024)
    width: int = Field(ge=16, le=1024)
    channels: Literal[1, 3] = 3
    crop_margin: bool = True
    fit: Literal["letterbox", "stretch"] = "letterbox"

    def contract(self) -> InputContract:
        """The same as the contract that imaging works by."""
        return InputContract(**self.model_dump())


class FitRecipe(_Strict):
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


class AugmentationRecipe(_Strict):
    """Ranges of the random changes made to training images; zero or one leaves them alone."""

    rotation: float = Field(default=0.0, ge=0, le=180)
    shift: float = Field(default=0.0, ge=0, lt=1)
    shear: float = Field(default=0.0, ge=0, lt=90)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    brightness: tuple[float, float] = (1.0, 1.0)
    horizontal_flip: bool = False


class Recipe(_Strict):
    """One experiment. A new experiment is a new file, not a new branch in the code."""

    title: str
    task: Literal["four-class"] = "four-class"
    architecture: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    seed: int = Field(ge=0)
    input: InputRecipe
    fit: FitRecipe
    augmentation: AugmentationRecipe = AugmentationRecipe()


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
        place = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"recipes/{path.name}: {place}: {first['msg']}.") from error
