"""Blend: apply sampled composites to frames, in TensorFlow, feathered and matched to the grey around them."""

from typing import Final

import tensorflow as tf

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
