"""Parts of a recipe: its tables, one class each, strict about names and ranges."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from braintumor.imaging import InputSpec


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
    """How often slices are given the other answer; see `braintumor.training.composites`."""

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
