"""Input pipeline: targets and augmentation follow the recipe, and masks are transformed with their images."""

import numpy as np
import tensorflow as tf

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.models.recipe import AugmentationRecipe, CopyPasteRecipe, IntensityRecipe
from braintumor.training.augmentation.donor_bank import DonorBank
from braintumor.training.augmentation.intensity import sample_intensity
from braintumor.training.augmentation.sample_paste import sample_paste
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.inputs.input_pipeline import EpochPlan, SplitTensors, evaluation_batches, training_batches
from braintumor.training.losses import UNKNOWN_MASK

SIDE = 64
NO_TUMOR, GLIOMA = CLASSES.index(TumorClass.NOTUMOR), CLASSES.index(TumorClass.GLIOMA)
LABELS = np.array([NO_TUMOR, GLIOMA, GLIOMA, NO_TUMOR, GLIOMA])
MASK_KNOWN = np.array([True, True, True, True, False])


def _arrays() -> tuple[np.ndarray, np.ndarray]:
    """Return heads with a bright square where the mask is; the last tumour is not outlined."""
    images = np.random.default_rng(0).normal(90, 5, (5, SIDE, SIDE)).astype(np.uint8)
    masks = np.zeros_like(images)
    masks[1, 20:30, 8:18] = masks[2, 28:38, 40:50] = 1
    images[masks > 0] = 220
    images[4, 10:20, 10:20] = 220
    return images, masks


def _tensors(channels: int = 1) -> SplitTensors:
    images, masks = _arrays()
    return SplitTensors(tf.constant(images), LABELS, channels, tf.constant(masks), MASK_KNOWN)


def _plan(recipe: AugmentationRecipe, rows: np.ndarray, **params: object) -> EpochPlan:
    return EpochPlan(rows, sample_spatial(recipe, len(rows), SIDE, SIDE, np.random.default_rng(0)), **params)


def _paste_plan(recipe: CopyPasteRecipe, rows: np.ndarray, intensity: IntensityRecipe | None = None) -> EpochPlan:
    images, masks = _arrays()
    donors = DonorBank.from_arrays(images, masks, LABELS, np.full(5, str(Plane.AXIAL), object))
    paste = sample_paste(recipe, rows, donors, SIDE, np.random.default_rng(1))
    changes = sample_intensity(intensity, len(rows), np.random.default_rng(2)) if intensity else None
    return _plan(AugmentationRecipe(), rows, paste=paste, intensity=changes)


def test_batches_without_augmentation_equal_validation_batches() -> None:
    plan = _plan(AugmentationRecipe(), np.arange(5))
    for (a, b), (c, d) in zip(training_batches(_tensors(), plan, 2), evaluation_batches(_tensors(), 2), strict=True):
        assert np.allclose(a, c, atol=1e-6)
        assert np.array_equal(b["class"], d["class"])
        assert np.allclose(b["mask"], d["mask"])


def test_batches_without_masks_have_labels_and_the_requested_channels() -> None:
    images, _ = _arrays()
    tensors = SplitTensors(tf.constant(images), LABELS, 3)
    plan = _plan(AugmentationRecipe(), LABELS)
    for batches in (evaluation_batches(tensors, 5), training_batches(tensors, plan, 5)):
        batch, targets = next(iter(batches))
        assert batch.shape == (5, SIDE, SIDE, 3)
        assert np.array_equal(batch[..., 0], batch[..., 2])
        assert targets.shape == (5, 4)


def test_samples_follow_the_order_of_the_plan() -> None:
    rows = np.array([4, 0, 0, 2, 1, 3])
    batches = training_batches(_tensors(), _plan(AugmentationRecipe(rotation=20), rows), 4)
    labels = np.concatenate([targets["class"].numpy() for _, targets in batches]).argmax(axis=1)
    assert (labels == LABELS[rows]).all()


def test_masks_have_half_the_size_and_unknown_masks_are_marked() -> None:
    _, targets = next(iter(evaluation_batches(_tensors(), 5)))
    masks = targets["mask"].numpy()
    assert masks.shape == (5, SIDE // 2, SIDE // 2, 1)
    assert (masks[4] == UNKNOWN_MASK).all()
    assert masks[1, 10:15, 4:9].all()
    assert masks[1].sum() == 25


def test_mask_is_transformed_with_the_image() -> None:
    recipe = AugmentationRecipe(rotation=25, shift=0.1, zoom=0.2, horizontal_flip=True)
    images, targets = next(iter(training_batches(_tensors(), _plan(recipe, np.repeat([1, 2], 10)), 20)))
    bright = tf.nn.avg_pool2d(tf.cast(images > 0.6, tf.float32), 2, 2, "VALID").numpy() > 0.5
    masks = targets["mask"].numpy() > 0.5
    overlap = (bright & masks).sum(axis=(1, 2, 3)) / (bright | masks).sum(axis=(1, 2, 3))
    assert overlap.mean() > 0.7
    assert overlap.min() > 0.4


def test_pasted_tumour_adds_its_label_and_its_mask() -> None:
    plan = _paste_plan(CopyPasteRecipe(pasted=1.0), np.zeros(20, int))
    images, targets = next(iter(training_batches(_tensors(), plan, 20)))
    labels, masks = targets["class"].numpy(), targets["mask"].numpy()
    is_visible = labels.sum(axis=1) == 1
    assert is_visible.sum() > 10
    assert (labels[is_visible].argmax(axis=1) == GLIOMA).all()
    assert masks[is_visible].max(axis=(1, 2, 3)).min() > 0.5
    small = tf.nn.avg_pool2d(images, 2, 2, "VALID").numpy()[is_visible]
    assert small[masks[is_visible] > 0.9].mean() > small[masks[is_visible] == 0].mean() + 0.2


def test_imperceptible_tumour_accepts_any_class_and_has_no_known_mask() -> None:
    images, masks = _arrays()
    gradient = np.broadcast_to(np.linspace(40, 220, SIDE)[:, None], images.shape).astype(np.uint8)
    tensors = SplitTensors(tf.constant(gradient), LABELS, 1, tf.constant(masks), MASK_KNOWN)
    plan = _paste_plan(CopyPasteRecipe(pasted=1.0), np.zeros(10, int))
    _, targets = next(iter(training_batches(tensors, plan, 10)))
    accepts_any = (targets["class"].numpy() == 1).all(axis=1)
    is_unknown = (targets["mask"].numpy() == UNKNOWN_MASK).all(axis=(1, 2, 3))
    assert np.array_equal(accepts_any, is_unknown)
    assert accepts_any.any()


def test_inpainted_tumour_becomes_no_tumour_with_an_empty_mask() -> None:
    plan = _paste_plan(CopyPasteRecipe(inpainted=1.0), np.array([1, 2]))
    images, targets = next(iter(training_batches(_tensors(), plan, 2)))
    assert (targets["class"].numpy().argmax(axis=1) == NO_TUMOR).all()
    assert not targets["mask"].numpy().any()
    assert images.numpy().max() < 0.6


def test_epoch_is_reproducible_bit_by_bit_and_images_stay_in_range() -> None:
    intensity = IntensityRecipe(gamma=0.5, tone_curve=0.4, shading=0.1, blur=0.5, noise=0.1, cutout=0.3)
    recipe = CopyPasteRecipe(pasted=0.5, distractors=0.3, inpainted=0.5)
    plan = _paste_plan(recipe, np.tile(np.arange(5), 4), intensity)
    first, repeated = (list(training_batches(_tensors(), plan, 8)) for _ in range(2))
    for (a, b), (c, d) in zip(first, repeated, strict=True):
        assert np.array_equal(a, c)
        assert np.array_equal(b["mask"], d["mask"])
        assert a.numpy().min() >= 0
        assert a.numpy().max() <= 1


def test_resized_tensors_keep_labels_masks_and_their_status() -> None:
    tensors = _tensors()
    small = tensors.resize(32)
    assert tensors.resize(SIDE) is tensors
    assert small.model_inputs.shape == small.masks.shape == (5, 32, 32)
    assert small.model_inputs.dtype == small.masks.dtype == tf.uint8
    assert np.array_equal(small.mask_known, MASK_KNOWN)
    assert np.array_equal(small.masks.numpy()[1], _arrays()[1][1, ::2, ::2])
    assert SplitTensors(tensors.model_inputs, LABELS, 1).resize(32).masks is None


def test_no_tuning_thread_delays_the_end_of_an_epoch() -> None:
    tensors, rows = _tensors(), np.arange(len(LABELS))
    for batches in (training_batches(tensors, _plan(AugmentationRecipe(), rows), 2), evaluation_batches(tensors, 2)):
        assert batches.options().autotune.enabled is False
