"""Training and validation batches from images in memory, augmented by TensorFlow while the network trains."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, Split
from braintumor.models.recipe import Recipe
from braintumor.training.augmentation.apply_paste import apply_paste
from braintumor.training.augmentation.donor_bank import DonorBank
from braintumor.training.augmentation.intensity import IntensityParams, apply_intensity, sample_intensity
from braintumor.training.augmentation.sample_paste import PasteParams, sample_paste
from braintumor.training.augmentation.spatial import SpatialParams, apply_spatial, sample_spatial
from braintumor.training.inputs.data import TrainingData
from braintumor.training.losses import UNKNOWN_MASK, encode_class_targets


@dataclass(frozen=True, slots=True)
class SplitTensors:
    """Images of one split as tensors.

    Attributes
    ----------
    model_inputs : Tensor of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)
    channels : int
        How often the grey image is repeated.
    masks : Tensor of uint8, shape (n, height, width), optional
        1 where there is tumour. With masks, batches have them as a second target at half the size.
    mask_known : ndarray of bool, shape (n,), optional
        Whether the mask is the reference: outlined, or no tumour to outline.
    outputs : int
        Number of classification outputs: one per class, or one tumour probability.
    """

    model_inputs: tf.Tensor
    labels: NDArray[np.int64]
    channels: int
    masks: tf.Tensor | None = None
    mask_known: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    outputs: int = len(CLASSES)

    @property
    def targets(self) -> NDArray[np.float32]:
        """Classification targets, shape (n, outputs)."""
        if self.outputs == 1:
            return (self.labels != NO_TUMOR_INDEX).astype(np.float32)[:, None]
        return encode_class_targets(self.labels)

    def resize(self, size: int) -> "SplitTensors":
        """Return the same images and masks at another size."""
        if self.model_inputs.shape[1] == size:
            return self
        images, masks = (_resize_images(values, size) for values in (self.model_inputs, self.masks))
        return replace(self, model_inputs=images, masks=masks)


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """Order and augmentation of the training samples of one epoch; an image may occur several times.

    Attributes
    ----------
    indices : ndarray of int64, shape (samples,)
        Row of each sample in the training split.
    """

    indices: NDArray[np.int64]
    spatial: SpatialParams
    paste: PasteParams | None = None
    intensity: IntensityParams | None = None


def split_tensors(recipe: Recipe, data: TrainingData, split: Split) -> SplitTensors:
    """Convert images, labels and masks of a split to tensors."""
    rows = data.split_rows(split)
    images = tf.constant(data.upright_inputs(rows) if split is Split.TRAIN else data.model_inputs[rows])
    tensors = SplitTensors(images, data.labels[rows], recipe.input.channels, outputs=recipe.outputs)
    if data.masks is None or data.mask_known is None:
        return tensors
    return replace(tensors, masks=tf.constant(data.masks[rows]), mask_known=data.mask_known[rows])


def make_donor_bank(data: TrainingData) -> DonorBank:
    """Build the donor bank of the training split.

    Raises
    ------
    ValueError
        The data has no tumour masks.
    """
    if data.masks is None:
        raise ValueError("Copy-paste augmentation needs the tumour masks: load the data with_masks.")
    rows = data.split_rows(Split.TRAIN)
    planes = data.manifest["plane"].to_numpy()[rows]
    return DonorBank.from_arrays(data.upright_inputs(rows), data.masks[rows], data.labels[rows], planes)


def plan_epoch(recipe: Recipe, donors: DonorBank | None, tensors: SplitTensors, epoch: int) -> EpochPlan:
    """Sample order and augmentation of an epoch from the recipe's seed and the epoch number."""
    generator = np.random.default_rng([recipe.seed, epoch])
    count, repeats = len(tensors.labels), recipe.fit.repeats_per_epoch
    indices = np.concatenate([generator.permutation(count) for _ in range(repeats)])
    height, width = tensors.model_inputs.shape[1:]
    spatial = sample_spatial(recipe.augmentation, len(indices), height, width, generator)
    paste = sample_paste(recipe.copy_paste, indices, donors, width, generator) if recipe.copy_paste and donors else None
    intensity = sample_intensity(recipe.intensity, len(indices), generator) if recipe.intensity else None
    return EpochPlan(indices, spatial, paste, intensity)


def training_batches(tensors: SplitTensors, epoch_plan: EpochPlan, batch_size: int) -> tf.data.Dataset:
    """Build the augmented batches of one epoch.

    Returns
    -------
    Dataset
        Pairs of images (batch, height, width, channels), float32 from 0 to 1, and targets: see `SplitTensors.targets`,
        or with masks a dict of them as `class` and masks (batch, height / 2, width / 2, 1) as `mask`.
    """
    params = {"spatial": epoch_plan.spatial, "paste": epoch_plan.paste, "intensity": epoch_plan.intensity}
    plan: dict[str, Any] = {name: asdict(values) for name, values in params.items() if values is not None}
    plan["indices"] = epoch_plan.indices
    all_targets, all_known = tf.constant(tensors.targets), tf.constant(tensors.mask_known)

    def make_batch(plan: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        rows = plan["indices"]
        images, targets = _gather_images(tensors.model_inputs, rows), tf.gather(all_targets, rows)
        masks: Any = None
        mask_known: Any = None
        if tensors.masks is not None:
            masks, mask_known = _gather_images(tensors.masks, rows), tf.gather(all_known, rows)
        if "paste" in plan:
            images, masks, imperceptible = _paste(tensors, images, masks, plan["paste"])
            # Whether the network detects an imperceptible tumour or not, it is not penalized.
            targets = tf.where(imperceptible[:, None], 1.0, plan["paste"]["targets"])
            mask_known = mask_known & ~imperceptible
        images = apply_spatial(images, plan["spatial"]["transforms"])
        images = tf.clip_by_value(images * (plan["spatial"]["brightness"][:, None, None, None] / 255.0), 0.0, 1.0)
        if "intensity" in plan:
            images = apply_intensity(images, plan["intensity"])
        images = tf.repeat(images, tensors.channels, axis=3)
        if masks is None:
            return images, targets
        masks = apply_spatial(masks, plan["spatial"]["transforms"])
        return images, {"class": targets, "mask": _make_mask_target(masks, mask_known)}

    dataset = tf.data.Dataset.from_tensor_slices(plan).batch(batch_size)
    return prefetch_untuned(dataset.map(make_batch, num_parallel_calls=2, deterministic=True), 4)


def evaluation_batches(tensors: SplitTensors, batch_size: int) -> tf.data.Dataset:
    """Build batches of unchanged images, in order, with the targets of `training_batches`."""
    all_targets, all_known = tf.constant(tensors.targets), tf.constant(tensors.mask_known)

    def make_batch(rows: tf.Tensor) -> tuple[tf.Tensor, Any]:
        images = tf.repeat(_gather_images(tensors.model_inputs, rows) / 255.0, tensors.channels, axis=3)
        targets = tf.gather(all_targets, rows)
        if tensors.masks is None:
            return images, targets
        masks = _make_mask_target(_gather_images(tensors.masks, rows), tf.gather(all_known, rows))
        return images, {"class": targets, "mask": masks}

    return prefetch_untuned(tf.data.Dataset.range(len(tensors.labels)).batch(batch_size).map(make_batch), 2)


def prefetch_untuned(batches: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """Prepare some batches in advance, without the tuning of TensorFlow.

    There is nothing to tune, and epochs would not end before the tuning thread wakes up, which takes up to a minute.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(count).with_options(options)


def _paste(
    tensors: SplitTensors, images: tf.Tensor, masks: tf.Tensor, params: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    pasted = _gather_images(tensors.model_inputs, params["source_rows"])
    pasted_masks = _gather_images(tensors.masks, params["mask_rows"])
    return apply_paste(images, masks, pasted, pasted_masks, params)


def _make_mask_target(masks: tf.Tensor, mask_known: tf.Tensor) -> tf.Tensor:
    return tf.where(mask_known[:, None, None, None], tf.nn.avg_pool2d(masks, 2, 2, "VALID"), UNKNOWN_MASK)


def _gather_images(values: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.gather(values, indices), tf.float32)[..., None]


def _resize_images(values: tf.Tensor | None, size: int) -> tf.Tensor | None:
    if values is None:
        return None
    chunks = [values[start : start + 256, ..., None] for start in range(0, len(values), 256)]
    resized = [tf.round(tf.image.resize(chunk, (size, size), antialias=True)) for chunk in chunks]
    return tf.concat([tf.cast(chunk, tf.uint8) for chunk in resized], axis=0)[..., 0]
