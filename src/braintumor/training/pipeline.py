"""Input pipeline: frames in memory, changed on the fly by TensorFlow's own threads while the network trains."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.training.appearance import AppearanceDraw, change
from braintumor.training.augmentation import Draw
from braintumor.training.blend import blend, move
from braintumor.training.composites import CompositeDraw
from braintumor.training.losses import UNKNOWN
from braintumor.vocabulary import CLASSES, HEALTHY_INDEX


@dataclass(frozen=True, slots=True)
class Source:
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

    frames: tf.Tensor
    labels: NDArray[np.int64]
    channels: int
    masks: tf.Tensor | None = None
    known: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    outputs: int = len(CLASSES)

    @property
    def targets(self) -> NDArray[np.float32]:
        """What the network should answer, shape (n, outputs)."""
        if self.outputs == 1:
            return (self.labels != HEALTHY_INDEX).astype(np.float32)[:, None]
        return np.eye(self.outputs, dtype=np.float32)[self.labels]

    def resized(self, side: int) -> "Source":
        """The same images on smaller frames."""
        if self.frames.shape[1] == side:
            return self
        frames, masks = (_resized(values, side) for values in (self.frames, self.masks))
        return replace(self, frames=frames, masks=masks)


@dataclass(frozen=True, slots=True)
class Showings:
    """One epoch: which rows are shown, in what order, and what is done to each. A row may come several times."""

    rows: NDArray[np.int64]
    moves: Draw
    composites: CompositeDraw | None = None
    appearance: AppearanceDraw | None = None


def training_batches(source: Source, showings: Showings, batch: int) -> tf.data.Dataset:
    """Batches of one epoch.

    Returns
    -------
    Dataset
        Of (images (batch, height, width, channels) float32 from 0 to 1, targets): see `Source.targets`, or
        a dict of them as `class` and masks (batch, height / 2, width / 2, 1) as `mask`.
    """
    parts = {"moves": showings.moves, "composites": showings.composites, "appearance": showings.appearance}
    plan: dict[str, Any] = {name: asdict(part) for name, part in parts.items() if part is not None}
    plan["rows"] = showings.rows
    known = tf.constant(source.known)
    wanted = tf.constant(source.targets)

    def make(plan: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        rows = plan["rows"]
        images, masks, targets = _gathered(source.frames, rows), None, tf.gather(wanted, rows)
        sure = tf.gather(known, rows) if source.masks is not None else None
        if source.masks is not None:
            masks = _gathered(source.masks, rows)
        if "composites" in plan:
            drawn = plan["composites"]
            pasted, shape = _gathered(source.frames, drawn["pasted"]), _gathered(source.masks, drawn["shape"])
            images, masks, faint = blend(images, masks, pasted, shape, drawn)
            # Whether a faint one is seen or not, no answer is wrong.
            targets, sure = tf.where(faint[:, None], 1.0, drawn["targets"]), sure & ~faint
        images = move(images, plan["moves"]["transforms"])
        images = tf.clip_by_value(images * (plan["moves"]["brightness"][:, None, None, None] / 255.0), 0.0, 1.0)
        if "appearance" in plan:
            images = change(images, plan["appearance"])
        images = tf.repeat(images, source.channels, axis=3)
        if masks is None:
            return images, targets
        return images, {"class": targets, "mask": _mask_target(move(masks, plan["moves"]["transforms"]), sure)}

    data = tf.data.Dataset.from_tensor_slices(plan).batch(batch)
    return data.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)


def plain_batches(source: Source, batch: int) -> tf.data.Dataset:
    """Batches of unchanged images, in order, for validation; targets as `training_batches` gives them."""
    wanted, known = tf.constant(source.targets), tf.constant(source.known)

    def make(rows: tf.Tensor) -> tuple[tf.Tensor, Any]:
        images = tf.repeat(_gathered(source.frames, rows) / 255.0, source.channels, axis=3)
        targets = tf.gather(wanted, rows)
        if source.masks is None:
            return images, targets
        return images, {"class": targets, "mask": _mask_target(_gathered(source.masks, rows), tf.gather(known, rows))}

    return tf.data.Dataset.range(len(source.labels)).batch(batch).map(make).prefetch(2)


def _mask_target(masks: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    return tf.where(known[:, None, None, None], tf.nn.avg_pool2d(masks, 2, 2, "VALID"), UNKNOWN)


def _gathered(values: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.gather(values, rows), tf.float32)[..., None]


def _resized(values: tf.Tensor | None, side: int) -> tf.Tensor | None:
    if values is None:
        return None
    parts = [values[start : start + 256, ..., None] for start in range(0, len(values), 256)]
    resized = [tf.round(tf.image.resize(part, (side, side), antialias=True)) for part in parts]
    return tf.concat([tf.cast(part, tf.uint8) for part in resized], axis=0)[..., 0]
