"""Training recipes: the settings of one model, read from `recipes/<version>.toml` or a subfolder."""

import tomllib
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from braintumor.enums import CLASSES, Protocol, Task
from braintumor.errors import RecipeError
from braintumor.imaging import InputSpec
from braintumor.inference.runs import Run
from braintumor.models.recipe_fields import ClassHeadRecipe, FoldsRecipe, StrictModel, omit_default
from braintumor.settings import Settings, get_settings

ABLATIONS_FOLDER: Final = "ablations"  # folder in `recipes` with files of another format
ENCODER_STRIDE: Final = 32  # input pixels per cell of the encoder's last stage, in models that predict a mask


class InputRecipe(StrictModel):
    """Size and preprocessing of the model input; see `braintumor.imaging.InputSpec`."""

    height: int = Field(ge=16, le=1024)
    width: int = Field(ge=16, le=1024)
    channels: Literal[1, 3] = 3
    crop_margin: bool = True
    fit: Literal["letterbox", "stretch"] = "letterbox"

    def to_input_spec(self) -> InputSpec:
        """Convert to the input specification used by the imaging package."""
        return InputSpec(**self.model_dump())


class FitRecipe(StrictModel):
    """Optimizer, loss, schedule and length of the training."""

    optimizer: str = "adam"
    learning_rate: float = Field(gt=0)
    loss: str = "categorical_crossentropy"
    batch_size: int = Field(default=32, gt=0)
    epochs: int = Field(gt=0)
    repeats_per_epoch: int = Field(default=1, gt=0)
    """How often each training image is used per epoch."""
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    early_stopping_patience: int = Field(default=8, gt=0)
    plateau_patience: int = Field(default=5, gt=0)
    plateau_factor: float = Field(default=0.3, gt=0, lt=1)
    schedule: Literal["plateau", "one_cycle"] = "plateau"
    weight_decay: float = Field(default=0.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    ema_momentum: float = Field(default=0.0, ge=0, lt=1)
    """Momentum of the exponential moving average of the weights over training steps; 0 turns it off."""
    progressive_sizes: tuple[tuple[float, int], ...] = ()
    """Progressive resizing: pairs of (end as a fraction of the epochs, image size in pixels); full size afterwards."""
    precise_batch_norm: bool = omit_default(False)
    """Whether batch normalization uses the statistics of unaltered images; see `models.batch_statistics`."""
    cache_features: bool = omit_default(False)
    """Whether the outputs of the frozen layers are computed only once; see `braintumor.training.frozen_features`."""
    cached_copies: int = omit_default(1, gt=0)
    """Number of augmented copies of each training image with cached outputs; epochs use them in turn."""


# Fit section of an ensemble recipe: its members are trained already.
NO_FIT: Final = FitRecipe.model_construct(learning_rate=0.0, epochs=0)


class AugmentationRecipe(StrictModel):
    """Ranges of spatial augmentation and brightness; the defaults change nothing."""

    rotation: float = Field(default=0.0, ge=0, le=180)
    shift: float = Field(default=0.0, ge=0, lt=1)
    shear: float = Field(default=0.0, ge=0, lt=90)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    brightness: tuple[float, float] = (1.0, 1.0)
    horizontal_flip: bool = False


class IntensityRecipe(StrictModel):
    """Ranges and probabilities of intensity augmentation; 0 turns a transform off."""

    p: float = Field(default=1.0, ge=0, le=1)
    """Fraction of images whose tone curve (gamma, contrast, random curve) is changed."""
    gamma: float = Field(default=0.0, ge=0)
    contrast: float = Field(default=0.0, ge=0)
    tone_curve: float = Field(default=0.0, ge=0, le=1)
    inversion: float = Field(default=0.0, ge=0, le=1)
    shading: float = Field(default=0.0, ge=0)
    blur: float = Field(default=0.0, ge=0, le=1)
    noise: float = Field(default=0.0, ge=0)
    cutout: float = Field(default=0.0, ge=0, le=1)


class CopyPasteRecipe(StrictModel):
    """Rates of copy-paste augmentation; see `braintumor.training.augmentation.sample_paste`."""

    pasted: float = Field(default=0.0, ge=0, le=1)
    """Fraction of tumour-free slices that get a tumour."""
    distractors: float = Field(default=0.0, ge=0, le=1)
    """Fraction of tumour-free slices that get a patch of normal tissue in the shape of a tumour."""
    inpainted: float = Field(default=0.0, ge=0, le=1)
    """Fraction of outlined tumours that are replaced by normal tissue."""
    contrast_jittered: float = Field(default=0.0, ge=0, le=1)
    """Fraction of pasted tumours with a changed contrast; they may be of any tumour type."""


class MaskRecipe(StrictModel):
    """Weight of the tumour mask loss relative to the classification loss."""

    weight: float = Field(default=1.0, ge=0)


class TeachersRecipe(StrictModel):
    """Trained runs whose averaged predictions are distilled into the model (Hinton et al. 2015)."""

    version: str = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    weight: float = Field(default=0.7, gt=0, le=1)
    """Weight of the distillation losses; labels and outlines get the rest."""
    temperature: float = Field(default=2.0, ge=1)
    """Temperature that softens the class probabilities before they are compared."""
    flip: bool = False
    """Whether the teachers also predict the mirrored image."""

    def run_names(self, protocol: Protocol) -> tuple[str, ...]:
        """List the teachers' run folders: teachers must be trained on the same split as their student."""
        return tuple(Run(self.version, protocol, seed).name for seed in self.seeds)


class Recipe(StrictModel):
    """Settings of one model. A new experiment is a new file, not a new branch in the code."""

    title: str
    task: Task = Task.FOUR_CLASS
    data: Literal["kaggle", "yes-no", "all"] = omit_default("kaggle")
    """Image set to train on; `all` is the Kaggle set with the external sets of the allowed licences."""
    licences: tuple[str, ...] = omit_default(("CC0", "PDDL", "CC-BY"))
    """Families of SPDX licences that external sets may have; all parts joined by `AND` must be among them."""
    architecture: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Module of `braintumor.models.architectures` that builds the network."""
    network: dict[str, str | int | float | bool] = omit_default({})
    """Options of the architecture's `build` function."""
    seed: int = Field(ge=0)
    weights: str = Field(default="none", pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Initial weights: `none` for random ones, `imagenet`, or the version whose trained network to continue from."""
    freeze_until: str = ""
    """Last frozen layer; empty trains all layers."""
    unfreeze: tuple[tuple[float, str], ...] = omit_default(())
    """Gradual unfreezing: pairs of (start as a fraction of the epochs, last frozen layer from then on)."""
    holdout_source: str | tuple[str, ...] = ""
    """Sources whose tumours (with data `all`, all images) are held out, with their groups, and tested apart."""
    train_fraction: float = Field(default=1.0, gt=0, le=1)
    """Fraction of the training groups of each class to train on."""
    members: tuple[str, ...] = omit_default(())
    """Models to average in an ensemble, which has no network of its own."""
    weight_members: bool = omit_default(True)
    """Whether member weights are fitted on the validation split; otherwise they are equal."""
    input: InputRecipe
    fit: FitRecipe = omit_default(NO_FIT)
    augmentation: AugmentationRecipe = AugmentationRecipe()
    intensity: IntensityRecipe | None = None
    copy_paste: CopyPasteRecipe | None = None
    mask: MaskRecipe | None = None
    teachers: TeachersRecipe | None = omit_default(None)
    class_head: ClassHeadRecipe | None = omit_default(None)
    max_views: Literal[1, 2] = omit_default(2)
    """Maximum number of views to average; 2 adds the mirror image if it lowers the validation loss."""
    folds: FoldsRecipe | None = omit_default(None)

    @property
    def outputs(self) -> int:
        """Number of classification outputs: one per class, or one tumour probability."""
        return 1 if self.task is Task.BINARY else len(CLASSES)

    @property
    def holdout_sources(self) -> tuple[str, ...]:
        """The sources that are held out; older recipes name at most one, as text."""
        if isinstance(self.holdout_source, tuple):
            return self.holdout_source
        return (self.holdout_source,) if self.holdout_source else ()

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.task is Task.BINARY and (self.mask or self.copy_paste):
            raise ValueError('[mask] and [copy_paste] need the four classes: set task = "four-class"')
        if bool(self.members) != (self.fit == NO_FIT):
            raise ValueError("a recipe needs either members (an ensemble of trained models) or a [fit] section")
        if (self.fit.loss == "binary_crossentropy") != (self.task is Task.BINARY) and not self.members:
            raise ValueError("use loss binary_crossentropy for task tumor, categorical_crossentropy for four-class")
        if self.data == "yes-no" and self.task is not Task.BINARY:
            raise ValueError('the yes/no image set has no tumour types: set task = "tumor"')
        if self.data == "all" and not self.mask:
            raise ValueError("the external sets have tumours of unknown type, whose loss needs [mask]: add it")
        if self.class_head and not self.mask:
            raise ValueError("[class_head] needs a model that predicts a class and a mask: add [mask]")
        if self.folds and self.data != "all":
            raise ValueError('[folds] hold out external sets: set data = "all"')
        if self.teachers and not self.mask:
            raise ValueError("[teachers] needs a model that predicts a class and a mask: add [mask]")
        if self.unfreeze and self.fit.ema_momentum:
            # Unfreezing restarts the optimizer, and the average counts the optimizer's steps.
            raise ValueError("unfreeze restarts the weight average: set ema_momentum = 0 or remove unfreeze")
        self._check_sizes()
        return self

    def _check_sizes(self) -> None:
        sizes = [size for _, size in self.fit.progressive_sizes] + [self.input.height, self.input.width]
        if self.mask and any(size % ENCODER_STRIDE for size in sizes):
            raise ValueError(
                f"with [mask], height, width and progressive_sizes must be multiples of {ENCODER_STRIDE} pixels, "
                "because the decoder doubles what the encoder halved"
            )


def find_recipes(settings: Settings | None = None) -> dict[str, Path]:
    """Find the recipe files in `recipes` and its subfolders, by version; ablation files are not recipes."""
    folder = (settings or get_settings()).recipes
    paths = (path for path in folder.rglob("*.toml") if path.relative_to(folder).parts[0] != ABLATIONS_FOLDER)
    return {path.stem: path for path in sorted(paths, key=lambda path: path.stem)}


def load_recipe(version: str, settings: Settings | None = None) -> Recipe:
    """Read the recipe of a version.

    Raises
    ------
    RecipeError
        No recipe has this name, or it is not valid; the message names the field.
    """
    paths = find_recipes(settings)
    if version not in paths:
        raise RecipeError(f"There is no recipe {version!r} (available: {', '.join(paths) or 'none'}).")
    path = paths[version]
    try:
        return Recipe(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise RecipeError(f"{path.name} is not a valid recipe: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise RecipeError(f"{path.name}: {field}: {first['msg']}.") from error
