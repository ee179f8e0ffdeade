"""Distillation: trained versions answer every batch too, and a network learns from their average beside the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import keras
import tensorflow as tf

from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file
from braintumor.inference.run_names import train_command
from braintumor.models.builder import build_model, load_keras_model
from braintumor.models.recipe import Recipe, TeachersRecipe
from braintumor.settings import Settings, get_settings
from braintumor.training.card_draft import read_card, recipe_from_card
from braintumor.training.data import TrainingData
from braintumor.training.losses import DistillationLoss, MaskDistillationLoss, soften


@dataclass(frozen=True, slots=True)
class Teachers:
    """Trained networks with a class and a mask, ready to answer images of any size."""

    recipe: TeachersRecipe
    networks: tuple[keras.Model, ...]

    @classmethod
    def load(cls, recipe: TeachersRecipe, student: Recipe, data: TrainingData, settings: Settings) -> Self:
        """Load the versions a recipe names.

        Raises
        ------
        ArtifactError
            One is missing, sees images otherwise than the student, or learnt from other images than it may.
        """
        _require_models(recipe, settings)
        return cls(recipe, tuple(_load_teacher(name, student, data, settings) for name in recipe.versions))

    def predict(self, images: Any) -> tuple[Any, Any]:
        """Averages over the teachers: softened class probabilities (n, classes), and mask probabilities."""
        views = [images, tf.image.flip_left_right(images)] if self.recipe.mirrored else [images]
        classes, masks = [], []
        for network in self.networks:
            for number, view in enumerate(views):
                found = network(view, training=False)
                mask = tf.sigmoid(found["mask"])
                classes.append(soften(found["class"], self.recipe.temperature))
                masks.append(tf.image.flip_left_right(mask) if number else mask)
        return tf.add_n(classes) / len(classes), tf.add_n(masks) / len(masks)


def teacher_hashes(recipe: TeachersRecipe, settings: Settings) -> dict[str, str]:
    """Hash of the model file of each teacher, by its version.

    Raises
    ------
    ArtifactError
        Some are missing; the message says how to make them.
    """
    _require_models(recipe, settings)
    return {name: sha256_file(_model_path(name, settings)) for name in recipe.versions}


def _model_path(name: str, settings: Settings) -> Path:
    return settings.outputs / name / "model.keras"


def _require_models(recipe: TeachersRecipe, settings: Settings) -> None:
    missing = [name for name in recipe.versions if not _model_path(name, settings).is_file()]
    if missing:
        raise ArtifactError(
            f"Teachers are missing: {', '.join(missing)}. The model files of comparison runs are not kept with the "
            f"project. Make them with: {'; '.join(train_command(name) for name in missing)}"
        )


def _load_teacher(name: str, student: Recipe, data: TrainingData, settings: Settings) -> keras.Model:
    card = read_card(name, settings)
    recipe = recipe_from_card(card)
    if card["data"]["fingerprint"] != data.fingerprint():
        raise ArtifactError(
            f"{name} learnt from other images than its student is given, perhaps from those the student is tested on. "
            "A teacher has to be trained on the same images under the same split."
        )
    seen = [one.input.model_dump(exclude={"height", "width"}) for one in (recipe, student)]
    if recipe.mask is None or seen[0] != seen[1]:
        raise ArtifactError(
            f"{name} cannot teach here: a teacher needs a class and a mask, and to see images prepared as its student "
            "does ([input] but for the size)."
        )
    network = build_model(recipe, any_size=True)
    network.set_weights(load_keras_model(_model_path(name, settings)).get_weights())
    network.trainable = False
    return network


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
