"""Knowledge distillation: teachers predict each training batch, and the student learns from their average."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import keras
import tensorflow as tf

from braintumor.enums import Protocol
from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file
from braintumor.inference.model_card import KERAS_FILE, read_card
from braintumor.inference.runs import Run
from braintumor.models.builder import build_model, load_keras_model
from braintumor.models.recipe import Recipe, TeachersRecipe
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.data import TrainingData
from braintumor.training.losses import DistillationLoss, MaskDistillationLoss, soften

_MAIN_OUTPUTS: Final = ("class", "mask")
_TEACHER_PREFIX: Final = "teacher_"  # of the outputs, losses and targets of distillation


@dataclass(frozen=True, slots=True)
class Teachers:
    """Trained networks that predict class and mask, for images of any size."""

    recipe: TeachersRecipe
    networks: tuple[keras.Model, ...]

    @classmethod
    def load(
        cls, recipe: TeachersRecipe, student: Recipe, data: TrainingData, protocol: Protocol, settings: Settings
    ) -> Self:
        """Load the runs a recipe names.

        Raises
        ------
        ArtifactError
            A teacher is missing, preprocesses images differently, or was trained on other images than the student.
        """
        names = recipe.run_names(protocol)
        _require_models(names, settings)
        return cls(recipe, tuple(_load_teacher(name, student, data, settings) for name in names))

    def predict(self, images: Any) -> tuple[Any, Any]:
        """Average the teachers' softened class probabilities (n, classes) and their mask probabilities."""
        views = [images, tf.image.flip_left_right(images)] if self.recipe.flip else [images]
        class_probabilities, masks = [], []
        for network in self.networks:
            for number, view in enumerate(views):
                outputs = network(view, training=False)
                mask = tf.sigmoid(outputs["mask"])
                class_probabilities.append(soften(outputs["class"], self.recipe.temperature))
                masks.append(tf.image.flip_left_right(mask) if number else mask)
        return tf.add_n(class_probabilities) / len(class_probabilities), tf.add_n(masks) / len(masks)


@dataclass(frozen=True, slots=True)
class AuxiliaryObjectives:
    """Additional outputs and losses of a training run; without teachers every method returns its input unchanged.

    Attributes
    ----------
    teachers : Teachers, optional
    hashes : mapping of str to str
        SHA-256 of each teacher's model file.
    """

    teachers: Teachers | None
    hashes: Mapping[str, str]

    @classmethod
    def from_recipe(
        cls,
        recipe: Recipe,
        data: TrainingData,
        settings: Settings | None = None,
        protocol: Protocol = Protocol.GROUP,
    ) -> Self:
        """Load the teachers of a recipe, trained under the same protocol."""
        if recipe.teachers is None:
            return cls(None, {})
        settings = settings or get_settings()
        hashes = teacher_hashes(recipe.teachers, settings, protocol)
        return cls(Teachers.load(recipe.teachers, recipe, data, protocol, settings), hashes)

    def __bool__(self) -> bool:
        return self.teachers is not None

    def identity(self) -> dict[str, Any]:
        """Return what identifies the run in addition to its recipe, as entries of the model card."""
        return {"teachers": dict(self.hashes)} if self.hashes else {}

    def add_outputs(self, model: keras.Model) -> keras.Model:
        """Return the network with additional outputs for distillation; weights are shared."""
        if not self:
            return model
        outputs = {**model.output, **{_TEACHER_PREFIX + name: model.output[name] for name in _MAIN_OUTPUTS}}
        return keras.Model(model.input, outputs, name=model.name)

    def strip_outputs(self, model: keras.Model) -> keras.Model:
        """Return an extended network without its additional outputs; weights are shared."""
        if not self:
            return model
        return keras.Model(model.input, {name: model.output[name] for name in _MAIN_OUTPUTS}, name=model.name)

    def add_losses(self, losses: dict[str, Any], weights: dict[str, float]) -> tuple[dict[str, Any], dict[str, float]]:
        """Return losses and loss weights by output, extended by those of distillation."""
        losses, weights = dict(losses), dict(weights)
        if self.teachers:
            fraction = self.teachers.recipe.weight
            losses |= {
                f"{_TEACHER_PREFIX}class": DistillationLoss(self.teachers.recipe.temperature),
                f"{_TEACHER_PREFIX}mask": MaskDistillationLoss(),
            }
            weights |= {_TEACHER_PREFIX + name: fraction * weights[name] for name in _MAIN_OUTPUTS}
            weights |= {name: (1 - fraction) * weights[name] for name in _MAIN_OUTPUTS}
        return losses, weights

    def add_targets(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Add the teachers' predictions for the augmented images to the targets of each batch."""
        teachers = self.teachers
        if teachers is None:
            return batches

        def add_predictions(images: tf.Tensor, targets: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            classes, masks = teachers.predict(images)
            return images, {**targets, f"{_TEACHER_PREFIX}class": classes, f"{_TEACHER_PREFIX}mask": masks}

        return batches.map(add_predictions, num_parallel_calls=2, deterministic=True).prefetch(2)


def teacher_hashes(recipe: TeachersRecipe, settings: Settings, protocol: Protocol = Protocol.GROUP) -> dict[str, str]:
    """Hash the model file of each teacher, by run name.

    Raises
    ------
    ArtifactError
        Teachers are missing; the message names the commands that train them.
    """
    names = recipe.run_names(protocol)
    _require_models(names, settings)
    return {name: sha256_file(_model_path(name, settings)) for name in names}


def _model_path(name: str, settings: Settings) -> Path:
    return settings.outputs / name / KERAS_FILE


def _require_models(names: tuple[str, ...], settings: Settings) -> None:
    missing = [name for name in names if not _model_path(name, settings).is_file()]
    if missing:
        raise ArtifactError(
            f"Teachers are missing: {', '.join(missing)}. The repository does not contain the model files of "
            f"additional runs. Train them with: {'; '.join(Run.from_name(name).train_command for name in missing)}"
        )


def _load_teacher(name: str, student: Recipe, data: TrainingData, settings: Settings) -> keras.Model:
    card = read_card(name, settings)
    recipe = Recipe(**card.recipe)
    if card.data.fingerprint != data.fingerprint():
        raise ArtifactError(
            f"{name} was trained on other images than its student will be, possibly on the student's test images. "
            "Train the teacher on the same images with the same split."
        )
    own_input, student_input = (one.input.model_dump(exclude={"height", "width"}) for one in (recipe, student))
    if recipe.mask is None or own_input != student_input:
        raise ArtifactError(
            f"{name} cannot be a teacher: it must predict class and mask and preprocess images like its student "
            "([input] apart from height and width)."
        )
    network = build_model(recipe, any_size=True)
    network.set_weights(load_keras_model(_model_path(name, settings)).get_weights())
    network.trainable = False
    return network
