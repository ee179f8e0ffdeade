"""Pasting the pixels of one slice into another, with a soft edge and the grey level of the surroundings."""

from typing import Final

import tensorflow as tf

from braintumor.training.augmentation.spatial import apply_spatial

# A pasted edge fades over about this many pixels; the surrounding grey level is averaged over three times as many.
_FEATHER_PIXELS: Final = 4
# Steepness of the edge. A pasted tumour may fade within its own rim; an inpainted one must not shine through.
_PASTED_EDGE_STEEPNESS: Final = 1.6
_INPAINTED_EDGE_STEEPNESS: Final = 4.0
# Mean change under a pasted tumour, in standard deviations of the slice, below which the tumour is invisible.
_IMPERCEPTIBLE_CHANGE: Final = 0.4
_MIN_GRAY_UNDER_PASTE: Final = 15  # darker pixels are outside the head; nothing is pasted there


def apply_paste(
    images: tf.Tensor, masks: tf.Tensor, pasted: tf.Tensor, pasted_masks: tf.Tensor, params: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Paste one image into another under a mask.

    Parameters
    ----------
    images, pasted : Tensor of float32, shape (n, height, width, 1)
        Grey values from 0 to 255.
    masks, pasted_masks : Tensor of float32, shape (n, height, width, 1)
        Tumour masks of the images, and the areas to paste.
    params : dict
        The fields of `PasteParams` except rows and targets.

    Returns
    -------
    images, masks : Tensor of float32, shape (n, height, width, 1)
    imperceptible : Tensor of bool, shape (n,)
        Where a pasted tumour is indistinguishable from the tissue before.
    """

    def per_image(name: str) -> tf.Tensor:
        return tf.cast(params[name], tf.float32)[:, None, None, None]

    pasted = apply_spatial(pasted, params["pixel_transforms"])
    pasted_masks = apply_spatial(pasted_masks, params["mask_transforms"])
    edge, around, around_pasted = _match_surroundings(images, pasted, pasted_masks, params["adds_tumor"])
    coverage = tf.image.resize(edge, tf.shape(images)[1:3], "bilinear")
    pasted_masks *= tf.cast(coverage > 0, tf.float32)
    matched = per_image("gain") * (pasted - around_pasted) + around + 255.0 * per_image("offset")
    weight = coverage * per_image("opacity")
    blended = tf.clip_by_value(images + weight * (matched - images), 0.0, 255.0)
    is_pasted = tf.cast(per_image("opacity") > 0, tf.float32)
    remaining = masks * (1.0 - is_pasted * (1.0 - per_image("adds_tumor")))
    added = pasted_masks * is_pasted * per_image("adds_tumor")
    area = tf.reduce_sum(added, axis=(1, 2, 3)) + 1
    change = tf.reduce_sum(added * tf.abs(blended - images), axis=(1, 2, 3)) / area
    limit = _IMPERCEPTIBLE_CHANGE * tf.math.reduce_std(images, axis=(1, 2, 3))
    return blended, tf.maximum(remaining, added), params["adds_tumor"] & (change < limit)


def _match_surroundings(
    images: tf.Tensor, pasted: tf.Tensor, pasted_masks: tf.Tensor, adds_tumor: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the feathered mask on a coarse grid, and the mean grey around it in both images."""
    coarse_images, coarse_pasted, coarse_masks = (_block_means(values) for values in (images, pasted, pasted_masks))
    coarse_masks *= tf.cast(tf.nn.avg_pool2d(coarse_images, 3, 1, "SAME") > _MIN_GRAY_UNDER_PASTE, tf.float32)
    steepness = tf.where(adds_tumor, _PASTED_EDGE_STEEPNESS, _INPAINTED_EDGE_STEEPNESS)[:, None, None, None]
    edge = tf.minimum(1.0, steepness * tf.nn.avg_pool2d(coarse_masks, 3, 1, "SAME"))
    ring = tf.nn.avg_pool2d(coarse_masks, 7, 1, "SAME") * (1.0 - edge)
    weight = tf.reduce_sum(ring, axis=(1, 2), keepdims=True) + 1e-3
    around = tf.reduce_sum(ring * coarse_images, axis=(1, 2), keepdims=True) / weight
    around_pasted = tf.reduce_sum(ring * coarse_pasted, axis=(1, 2), keepdims=True) / weight
    return edge, around, around_pasted


def _block_means(values: tf.Tensor) -> tf.Tensor:
    """Average over blocks, which makes wide blurs cheap."""
    return tf.nn.avg_pool2d(values, _FEATHER_PIXELS, _FEATHER_PIXELS, "VALID")
