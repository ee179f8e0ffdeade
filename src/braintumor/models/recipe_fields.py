"""Base of the sections of a recipe, and the sections for training on several sources."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class StrictModel(BaseModel):
    """Base model that rejects unknown fields and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def omit_default(default: Any, **bounds: Any) -> Any:
    """Declare a field that is dumped only where it differs from its default.

    Fields that were added after the first models were trained use it, so that the recipes in older model cards still
    compare equal.
    """
    return Field(default=default, exclude_if=lambda value: value == default, **bounds)


class ClassHeadRecipe(StrictModel):
    """Refitting of the class layer after training; see `braintumor.training.class_head`."""

    inverse_penalty: float = Field(default=1e-3, gt=0)
    """Inverse strength of the L2 penalty (`C` in scikit-learn) on the weights of standardized features."""
    source_penalty: float = Field(default=0.0, ge=0)
    """Additional penalty on differences between sources with the same label, relative to the L2 penalty; 0: none."""


class FoldsRecipe(StrictModel):
    """Folds that hold out external sources in turn; see `braintumor.evaluation.source_folds`."""

    sources: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = Field(min_length=2)
    """Sources that each fold holds out together."""
    epochs: int = Field(gt=0)
    """Length of the training of each fold."""

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        names = self.names
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"a source is held out once only, not {', '.join(repeated)} several times")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The held-out sources of all folds."""
        return tuple(name for sources in self.sources for name in sources)
