"""Aims: what a network is trained for beside its label and mask, as more answers of it, each with a loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import keras
import tensorflow as tf

from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.data import TrainingData
from braintumor.training.distil import Teachers, teacher_hashes
from braintumor.training.soft_losses import DistillationLoss, MaskDistillationLoss

_MAIN_OUTPUTS = ("class", "mask")


@dataclass(frozen=True, slots=True)
class AuxiliaryObjectives:
    """The aims of one run; most runs have none, and then nothing here changes anything.

    Attributes
    ----------
    teachers : Teachers, optional
    hashes : mapping
        Hash of each teacher's model file.
    """

    teachers: Teachers | None
    hashes: Mapping[str, str]

    @classmethod
    def from_recipe(cls, recipe: Recipe, data: TrainingData, settings: Settings | None = None) -> Self:
        """The aims of a recipe."""
        if recipe.teachers is None:
            return cls(None, {})
        settings = settings or get_settings()
        hashes = teacher_hashes(recipe.teachers, settings)
        return cls(Teachers.load(recipe.teachers, recipe, data, settings), hashes)

    def __bool__(self) -> bool:
        return self.teachers is not None

    def identity(self) -> dict[str, Any]:
        """What makes a run another one, beside its recipe."""
        return {"teachers": dict(self.hashes)} if self.hashes else {}

    def add_outputs(self, model: keras.Model) -> keras.Model:
        """The same network, weights shared, with an answer for each aim."""
        if not self:
            return model
        answers = {**model.output, **{f"taught_{name}": model.output[name] for name in _MAIN_OUTPUTS}}
        return keras.Model(model.input, answers, name=model.name)

    def strip_outputs(self, model: keras.Model) -> keras.Model:
        """An extended network without what was added, weights shared."""
        if not self:
            return model
        return keras.Model(model.input, {name: model.output[name] for name in _MAIN_OUTPUTS}, name=model.name)

    def add_losses(self, losses: dict[str, Any], weights: dict[str, float]) -> tuple[dict[str, Any], dict[str, float]]:
        """Losses and their weights by answer: those given, and one for each aim."""
        losses, weights = dict(losses), dict(weights)
        if self.teachers:
            share = self.teachers.recipe.weight
            losses |= {
                "taught_class": DistillationLoss(self.teachers.recipe.temperature),
                "taught_mask": MaskDistillationLoss(),
            }
            weights |= {f"taught_{name}": share * weights[name] for name in _MAIN_OUTPUTS}
            weights |= {name: (1 - share) * weights[name] for name in _MAIN_OUTPUTS}
        return losses, weights

    def add_targets(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Batches of images as they are shown, with what the teachers say of them among the targets."""
        teachers = self.teachers
        if teachers is None:
            return batches

        def ask(images: tf.Tensor, targets: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            said, seen = teachers.predict(images)
            return images, {**targets, "taught_class": said, "taught_mask": seen}

        return batches.map(ask, num_parallel_calls=2, deterministic=True).prefetch(2)
