"""Composites: tumours planted into healthy slices and taken out of diseased ones, sampled here, blended in `blend`.

In this set nearly every tumour comes from one collection and every healthy slice from another, so a network can answer
by telling collections apart. A composite is a slice of one collection with the answer of the other.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, TUMOR_INDICES, Plane
from braintumor.models.recipe import AugmentationRecipe, CopyPasteRecipe
from braintumor.training.augmentation.spatial import sample_spatial

# Grey value from which a pixel counts as head, and the share of a planted tumour that must lie on it.
_MIN_HEAD_GRAY: Final = 20
_MIN_FRACTION_IN_HEAD: Final = 0.9
_GRID_FACTOR: Final = 4  # masks and heads are compared on a grid this many times coarser
_MAX_TRIES: Final = 8
_MAX_INPAINT_AREA: Final = (
    0.03  # share of the frame up to which a tumour leaves enough healthy tissue to be filled from
)
_CONTRAST_OFFSETS: Final = (-0.5, 1.0, 1.0)  # on most sequences tumour or its oedema is brighter than tissue
# Planted tumours come in other places, sizes and directions than their own; a slice's own other side is the nearest
# healthy tissue there is.
_PASTE_AUGMENTATION: Final = AugmentationRecipe(rotation=30, shift=0.08, zoom=0.3, horizontal_flip=True)
_NO_AUGMENTATION: Final = AugmentationRecipe()


@dataclass(frozen=True, slots=True)
class PasteParams:
    """What is pasted into each of n showings.

    Attributes
    ----------
    pasted, shape : ndarray of int64, shape (n,)
        Rows the pasted pixels and the pasted mask come from.
    strength : ndarray of float32, shape (n,)
        Zero where nothing is pasted, else how opaque it is.
    gain, offset : ndarray of float32, shape (n,)
        Contrast of the pasted pixels about the surroundings of the mask, and grey added to them (0 to 1).
    pixel_moves, shape_moves : ndarray of float32, shape (n, 8)
        Transforms of the pasted pixels and of the pasted mask before they are laid over the slice.
    grows : ndarray of bool, shape (n,)
        Whether the pasted mask is tumour (planted) or the tumour under it goes (painted out, or a decoy).
    targets : ndarray of float32, shape (n, classes)
        The answers that are right; several where a composite could be any tumour.
    """

    source_rows: NDArray[np.int64]
    mask_rows: NDArray[np.int64]
    opacity: NDArray[np.float32]
    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    pixel_transforms: NDArray[np.float32]
    mask_transforms: NDArray[np.float32]
    adds_tumor: NDArray[np.bool_]
    targets: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DonorBank:
    """What composites are sampled from: labels, and where heads and tumours lie, on a coarse grid.

    `mirrored` says of which slices the other side shows what a tumour's place would look like without it: not of
    sagittal ones, and not where the tumour lies on the midline, for it would be put back in its own place.
    """

    labels: NDArray[np.int64]
    heads: NDArray[np.float32]
    tumors: NDArray[np.float32]
    can_mirror: NDArray[np.bool_]

    @classmethod
    def from_arrays(
        cls,
        model_inputs: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        labels: NDArray[np.int64],
        planes: NDArray[np.object_],
    ) -> Self:
        """From frames and masks (n, height, width), labels and planes (n,)."""
        tumors = _downsample_masks(masks > 0)
        grid = tumors.reshape(len(masks), masks.shape[1] // _GRID_FACTOR, -1)
        midline = (grid * grid[:, :, ::-1]).any(axis=(1, 2))
        mirrored = np.isin(planes, [str(Plane.AXIAL), str(Plane.CORONAL)]) & ~midline
        return cls(labels, _downsample_masks(model_inputs > _MIN_HEAD_GRAY), tumors, mirrored)

    def rows_with_mask(self) -> NDArray[np.int64]:
        """Rows with an outlined tumour."""
        return np.flatnonzero(self.tumors.any(axis=1))

    def fits_in_head(self, tumor_rows: NDArray[np.int64], target_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each tumour would lie on the head of its host."""
        tumors = self.tumors[tumor_rows]
        return (tumors * self.heads[target_rows]).sum(axis=1) >= _MIN_FRACTION_IN_HEAD * tumors.sum(axis=1)


def _downsample_masks(values: NDArray[np.bool_]) -> NDArray[np.float32]:
    count, height, width = values.shape
    high, wide = height // _GRID_FACTOR, width // _GRID_FACTOR
    blocks = values[:, : high * _GRID_FACTOR, : wide * _GRID_FACTOR].reshape(
        count, high, _GRID_FACTOR, wide, _GRID_FACTOR
    )
    return blocks.mean(axis=(2, 4)).reshape(count, -1).astype(np.float32)


def sample_paste(
    recipe: CopyPasteRecipe,
    indices: NDArray[np.int64],
    donors: DonorBank,
    image_size: int,
    generator: np.random.Generator,
) -> PasteParams:
    """Sample what is pasted into each of the slices shown, `rows` into the arrays `donors` was made of.

    `side` is the height and width of the frames in pixels.
    """
    count = len(indices)
    labels, masked = donors.labels[indices], donors.rows_with_mask()
    healthy = labels == NO_TUMOR_INDEX
    chance = generator.random(count)
    planted = healthy & (chance < recipe.planted)
    decoy = healthy & ~planted & (chance < recipe.planted + recipe.decoys)
    area = donors.tumors[indices].mean(axis=1)
    small = donors.can_mirror[indices] & (area > 0) & (area < _MAX_INPAINT_AREA)
    painted = ~healthy & small & (chance < recipe.painted_out)
    pasted, shape = indices.copy(), indices.copy()
    for _ in range(_MAX_TRIES if masked.size else 0):
        open_ = (planted | decoy) & ((shape == indices) | ~donors.fits_in_head(shape, indices))
        shape[open_] = generator.choice(masked, open_.sum())
    missed = (planted | decoy) & ((shape == indices) | ~donors.fits_in_head(shape, indices))
    planted, decoy = planted & ~missed, decoy & ~missed
    pasted[planted] = shape[planted]
    others = np.flatnonzero(donors.labels == NO_TUMOR_INDEX)
    foreign = decoy & (generator.random(count) < 0.5)
    pasted[foreign] = generator.choice(others, foreign.sum())
    recolored = planted & (generator.random(count) < recipe.recolored)
    gain = generator.uniform(0.7, 1.3, count)
    gain[recolored] *= generator.choice([-1.0, 0.3, 1.0], recolored.sum())
    offset = np.zeros(count)
    offset[recolored] = generator.choice(_CONTRAST_OFFSETS, recolored.sum()) * generator.uniform(
        0.15, 0.5, recolored.sum()
    )
    targets = np.eye(len(CLASSES), dtype=np.float32)[np.where(planted, donors.labels[shape], labels)]
    targets[painted] = np.eye(len(CLASSES), dtype=np.float32)[NO_TUMOR_INDEX]
    targets[np.ix_(recolored, list(TUMOR_INDICES))] = 1.0
    strength = np.where(planted | decoy | painted, 1.0, 0.0)
    strength[planted] = generator.uniform(0.6, 1.0, planted.sum())
    still, free = (
        sample_spatial(change, count, image_size, image_size, generator).transforms
        for change in (_NO_AUGMENTATION, _PASTE_AUGMENTATION)
    )
    mirror = np.tile(np.array([-1, 0, image_size - 1, 0, 1, 0, 0, 0], np.float32), (count, 1))
    same = ((painted | decoy) & ~foreign)[:, None]
    shape_moves = np.where((planted | decoy)[:, None], free, still)
    pixel_moves = np.where(planted[:, None], free, np.where(same, mirror, still))
    return PasteParams(
        pasted, shape, strength.astype(np.float32), gain.astype(np.float32), offset.astype(np.float32),
        pixel_moves, shape_moves, planted, targets,
    )  # fmt: skip


# A pasted edge fades over about this many pixels; the grey around it is taken over three times as many.
_FEATHER_PIXELS: Final = 4
# How steep the edge is. A planted tumour may fade within its own rim; of one painted out nothing may shine through.
_PASTED_EDGE_STEEPNESS: Final = 1.6
_INPAINTED_EDGE_STEEPNESS: Final = 4.0
_IMPERCEPTIBLE_CHANGE: Final = (
    0.4  # mean change under a planted tumour, in standard deviations of the slice, that none could see
)
_MIN_GRAY_UNDER_PASTE: Final = 15  # nothing is pasted where the slice is darker than this: outside the head


def apply_paste(
    images: tf.Tensor, masks: tf.Tensor, pasted: tf.Tensor, pasted_masks: tf.Tensor, params: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Paste one image into another under a mask.

    Parameters
    ----------
    images, pasted : Tensor of float32, shape (n, height, width, 1)
        Grey values from 0 to 255.
    masks, shape : Tensor of float32, shape (n, height, width, 1)
        Tumour of the images, and the area to paste.
    draw : dict
        The fields of a `CompositeDraw` but for rows and targets.

    Returns
    -------
    images, masks : Tensor of float32, shape (n, height, width, 1)
    faint : Tensor of bool, shape (n,)
        Where a planted tumour cannot be told from what was there before.
    """

    def per_image(name: str) -> tf.Tensor:
        return tf.cast(params[name], tf.float32)[:, None, None, None]

    pasted, pasted_masks = (
        apply_spatial(pasted, params["pixel_transforms"]),
        apply_spatial(pasted_masks, params["mask_transforms"]),
    )
    coarse_images, coarse_pasted, coarse_shape = (_block_means(values) for values in (images, pasted, pasted_masks))
    coarse_shape *= tf.cast(tf.nn.avg_pool2d(coarse_images, 3, 1, "SAME") > _MIN_GRAY_UNDER_PASTE, tf.float32)
    steepness = tf.where(params["adds_tumor"], _PASTED_EDGE_STEEPNESS, _INPAINTED_EDGE_STEEPNESS)[:, None, None, None]
    edge = tf.minimum(1.0, steepness * tf.nn.avg_pool2d(coarse_shape, 3, 1, "SAME"))
    ring = tf.nn.avg_pool2d(coarse_shape, 7, 1, "SAME") * (1.0 - edge)
    weight = tf.reduce_sum(ring, axis=(1, 2), keepdims=True) + 1e-3
    around = tf.reduce_sum(ring * coarse_images, axis=(1, 2), keepdims=True) / weight
    around_pasted = tf.reduce_sum(ring * coarse_pasted, axis=(1, 2), keepdims=True) / weight
    opacity = tf.image.resize(edge, tf.shape(images)[1:3], "bilinear")
    pasted_masks *= tf.cast(opacity > 0, tf.float32)
    matched = per_image("gain") * (pasted - around_pasted) + around + 255.0 * per_image("offset")
    share = opacity * per_image("opacity")
    blended = tf.clip_by_value(images + share * (matched - images), 0.0, 255.0)
    pastes = tf.cast(per_image("opacity") > 0, tf.float32)
    kept = masks * (1.0 - pastes * (1.0 - per_image("adds_tumor")))
    grown = pasted_masks * pastes * per_image("adds_tumor")
    change = tf.reduce_sum(grown * tf.abs(blended - images), axis=(1, 2, 3)) / (
        tf.reduce_sum(grown, axis=(1, 2, 3)) + 1
    )
    faint = params["adds_tumor"] & (change < _IMPERCEPTIBLE_CHANGE * tf.math.reduce_std(images, axis=(1, 2, 3)))
    return blended, tf.maximum(kept, grown), faint


def apply_spatial(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Apply sampled transforms (n, 8) to images (n, height, width, 1); what comes from outside the frame is black."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _block_means(values: tf.Tensor) -> tf.Tensor:
    """Means over blocks: blurs of many pixels cost little there."""
    return tf.nn.avg_pool2d(values, _FEATHER_PIXELS, _FEATHER_PIXELS, "VALID")
