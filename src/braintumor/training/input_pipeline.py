"""Input pipeline: frames in memory, changed on the fly by TensorFlow's own threads while the network trains."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, Split
from braintumor.models.recipe import Recipe
from braintumor.training.augmentation.intensity import IntensityParams, apply_intensity, sample_intensity
from braintumor.training.augmentation.spatial import SpatialParams, sample_spatial
from braintumor.training.augmentation.tumor_copy_paste import (
    DonorBank,
    PasteParams,
    apply_paste,
    apply_spatial,
    sample_paste,
)
from braintumor.training.data import TrainingData
from braintumor.training.losses import UNKNOWN_MASK


@dataclass(frozen=True, slots=True)
class SplitTensors:
    """Images of one split as tensors.

    Attributes
    ----------
    frames : Tensor of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)
    channels : int
        Times the grey frame is repeated.
    masks : Tensor of uint8, shape (n, height, width), optional
        One where there is tumour; with masks, batches carry them as a second target at half the size.
    known : ndarray of bool, shape (n,), optional
        Where the mask is the truth.
    outputs : int
        Numbers the network answers with: one for each class, or the one of tumour or none.
    """

    model_inputs: tf.Tensor
    labels: NDArray[np.int64]
    channels: int
    masks: tf.Tensor | None = None
    mask_known: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    outputs: int = len(CLASSES)

    @property
    def targets(self) -> NDArray[np.float32]:
        """What the network should answer, shape (n, outputs)."""
        if self.outputs == 1:
            return (self.labels != NO_TUMOR_INDEX).astype(np.float32)[:, None]
        return np.eye(self.outputs, dtype=np.float32)[self.labels]

    def resize(self, size: int) -> "SplitTensors":
        """The same images on smaller frames."""
        if self.model_inputs.shape[1] == size:
            return self
        frames, masks = (_resize_images(values, size) for values in (self.model_inputs, self.masks))
        return replace(self, model_inputs=frames, masks=masks)


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """One epoch: which rows are shown, in what order, and what is done to each. A row may come several times."""

    indices: NDArray[np.int64]
    spatial: SpatialParams
    paste: PasteParams | None = None
    intensity: IntensityParams | None = None


def training_batches(tensors: SplitTensors, epoch_plan: EpochPlan, batch_size: int) -> tf.data.Dataset:
    """Batches of one epoch.

    Returns
    -------
    Dataset
        Of (images (batch, height, width, channels) float32 from 0 to 1, targets): see `Source.targets`, or
        a dict of them as `class` and masks (batch, height / 2, width / 2, 1) as `mask`.
    """
    parts = {"moves": epoch_plan.spatial, "composites": epoch_plan.paste, "appearance": epoch_plan.intensity}
    plan: dict[str, Any] = {name: asdict(part) for name, part in parts.items() if part is not None}
    plan["rows"] = epoch_plan.indices
    known = tf.constant(tensors.mask_known)
    wanted = tf.constant(tensors.targets)

    def make(plan: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        rows = plan["rows"]
        images, masks, targets = _gather_images(tensors.model_inputs, rows), None, tf.gather(wanted, rows)
        sure = tf.gather(known, rows) if tensors.masks is not None else None
        if tensors.masks is not None:
            masks = _gather_images(tensors.masks, rows)
        if "composites" in plan:
            drawn = plan["composites"]
            pasted, shape = (
                _gather_images(tensors.model_inputs, drawn["source_rows"]),
                _gather_images(tensors.masks, drawn["mask_rows"]),
            )
            images, masks, faint = apply_paste(images, masks, pasted, shape, drawn)
            # Whether a faint one is seen or not, no answer is wrong.
            targets, sure = tf.where(faint[:, None], 1.0, drawn["targets"]), sure & ~faint
        images = apply_spatial(images, plan["moves"]["transforms"])
        images = tf.clip_by_value(images * (plan["moves"]["brightness"][:, None, None, None] / 255.0), 0.0, 1.0)
        if "appearance" in plan:
            images = apply_intensity(images, plan["appearance"])
        images = tf.repeat(images, tensors.channels, axis=3)
        if masks is None:
            return images, targets
        return images, {
            "class": targets,
            "mask": _make_mask_target(apply_spatial(masks, plan["moves"]["transforms"]), sure),
        }

    data = tf.data.Dataset.from_tensor_slices(plan).batch(batch_size)
    return data.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)


def evaluation_batches(tensors: SplitTensors, batch_size: int) -> tf.data.Dataset:
    """Batches of unchanged images, in order, for validation; targets as `training_batches` gives them."""
    wanted, known = tf.constant(tensors.targets), tf.constant(tensors.mask_known)

    def make(rows: tf.Tensor) -> tuple[tf.Tensor, Any]:
        images = tf.repeat(_gather_images(tensors.model_inputs, rows) / 255.0, tensors.channels, axis=3)
        targets = tf.gather(wanted, rows)
        if tensors.masks is None:
            return images, targets
        return images, {
            "class": targets,
            "mask": _make_mask_target(_gather_images(tensors.masks, rows), tf.gather(known, rows)),
        }

    return tf.data.Dataset.range(len(tensors.labels)).batch(batch_size).map(make).prefetch(2)


def _make_mask_target(masks: tf.Tensor, mask_known: tf.Tensor) -> tf.Tensor:
    return tf.where(mask_known[:, None, None, None], tf.nn.avg_pool2d(masks, 2, 2, "VALID"), UNKNOWN_MASK)


def _gather_images(values: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.gather(values, indices), tf.float32)[..., None]


def _resize_images(values: tf.Tensor | None, size: int) -> tf.Tensor | None:
    if values is None:
        return None
    parts = [values[start : start + 256, ..., None] for start in range(0, len(values), 256)]
    resized = [tf.round(tf.image.resize(part, (size, size), antialias=True)) for part in parts]
    return tf.concat([tf.cast(part, tf.uint8) for part in resized], axis=0)[..., 0]


def split_tensors(recipe: Recipe, data: TrainingData, split: Split) -> SplitTensors:
    """Images, labels and masks of a split."""
    rows = data.split_rows(split)
    frames = tf.constant(data.model_inputs[rows])
    source = SplitTensors(frames, data.labels[rows], recipe.input.channels, outputs=recipe.outputs)
    if data.masks is None or data.mask_known is None:
        return source
    return replace(source, masks=tf.constant(data.masks[rows]), mask_known=data.mask_known[rows])


def make_donor_bank(data: TrainingData) -> DonorBank:
    """What composites of the training split are sampled from."""
    if data.masks is None:
        raise ValueError("Composites need the tumour masks.")
    rows = data.split_rows(Split.TRAIN)
    planes = data.manifest["plane"].to_numpy()[rows]
    return DonorBank.from_arrays(data.model_inputs[rows], data.masks[rows], data.labels[rows], planes)


def plan_epoch(recipe: Recipe, donors: DonorBank | None, tensors: SplitTensors, epoch: int) -> EpochPlan:
    """What an epoch shows: every pass in an order of its own."""
    generator = np.random.default_rng([recipe.seed, epoch])
    order = np.concatenate([generator.permutation(len(tensors.labels)) for _ in range(recipe.fit.passes)])
    (height, width), drawn = tensors.model_inputs.shape[1:], None
    moves = sample_spatial(recipe.augmentation, len(order), height, width, generator)
    if recipe.composites and donors:
        drawn = sample_paste(recipe.composites, order, donors, width, generator)
    appearance = sample_intensity(recipe.appearance, len(order), generator) if recipe.appearance else None
    return EpochPlan(order, moves, drawn, appearance)
