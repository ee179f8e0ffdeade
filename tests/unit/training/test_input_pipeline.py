"""Pipeline: batches carry what the recipe asks for, images and masks move together, and unknown masks say so."""

import numpy as np
import tensorflow as tf

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.models.recipe import AugmentationRecipe, CopyPasteRecipe, IntensityRecipe
from braintumor.training.augmentation.intensity import sample_intensity
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.augmentation.tumor_copy_paste import DonorBank, sample_paste
from braintumor.training.input_pipeline import EpochPlan, SplitTensors, evaluation_batches, training_batches
from braintumor.training.losses import UNKNOWN_MASK

SIDE = 64
HEALTHY, GLIOMA = CLASSES.index(TumorClass.NOTUMOR), CLASSES.index(TumorClass.GLIOMA)
LABELS = np.array([HEALTHY, GLIOMA, GLIOMA, HEALTHY, GLIOMA])
KNOWN = np.array([True, True, True, True, False])


def _arrays() -> tuple[np.ndarray, np.ndarray]:
    """Heads with a bright square where the mask is; the last tumour was not outlined."""
    frames = np.random.default_rng(0).normal(90, 5, (5, SIDE, SIDE)).astype(np.uint8)
    masks = np.zeros_like(frames)
    masks[1, 20:30, 8:18] = masks[2, 28:38, 40:50] = 1
    frames[masks > 0] = 220
    frames[4, 10:20, 10:20] = 220
    return frames, masks


def _source(channels: int = 1) -> SplitTensors:
    frames, masks = _arrays()
    return SplitTensors(tf.constant(frames), LABELS, channels, tf.constant(masks), KNOWN)


def _showings(changes: AugmentationRecipe, rows: np.ndarray, **more: object) -> EpochPlan:
    return EpochPlan(rows, sample_spatial(changes, len(rows), SIDE, SIDE, np.random.default_rng(0)), **more)


def _composed(recipe: CopyPasteRecipe, rows: np.ndarray, appearance: IntensityRecipe | None = None) -> EpochPlan:
    frames, masks = _arrays()
    donors = DonorBank.from_arrays(frames, masks, LABELS, np.full(5, str(Plane.AXIAL), object))
    drawn = sample_paste(recipe, rows, donors, SIDE, np.random.default_rng(1))
    look = sample_intensity(appearance, len(rows), np.random.default_rng(2)) if appearance else None
    return _showings(AugmentationRecipe(), rows, composites=drawn, appearance=look)


def test_unchanged_batches_are_those_of_validation() -> None:
    still = _showings(AugmentationRecipe(), np.arange(5))
    for (a, b), (c, d) in zip(training_batches(_source(), still, 2), evaluation_batches(_source(), 2), strict=True):
        assert np.allclose(a, c, atol=1e-6)
        assert np.array_equal(b["class"], d["class"])
        assert np.allclose(b["mask"], d["mask"])


def test_without_masks_a_batch_has_labels_only_and_as_many_channels_as_asked_for() -> None:
    frames, _ = _arrays()
    source = SplitTensors(tf.constant(frames), LABELS, 3)
    for batches in (
        evaluation_batches(source, 5),
        training_batches(source, _showings(AugmentationRecipe(), LABELS), 5),
    ):
        images, targets = next(iter(batches))
        assert images.shape == (5, SIDE, SIDE, 3)
        assert np.array_equal(images[..., 0], images[..., 2])
        assert targets.shape == (5, 4)


def test_rows_come_in_the_order_they_are_shown_in() -> None:
    rows = np.array([4, 0, 0, 2, 1, 3])
    found = [targets["class"].numpy() for _, targets in training_batches(_source(), _showings_of(rows), 4)]
    assert (np.concatenate(found).argmax(axis=1) == LABELS[rows]).all()


def _showings_of(rows: np.ndarray) -> EpochPlan:
    return _showings(AugmentationRecipe(rotation=20), rows)


def test_masks_are_half_as_large_and_a_mask_nobody_outlined_says_so_everywhere() -> None:
    _, targets = next(iter(evaluation_batches(_source(), 5)))
    masks = targets["mask"].numpy()
    assert masks.shape == (5, SIDE // 2, SIDE // 2, 1)
    assert (masks[4] == UNKNOWN_MASK).all()
    assert masks[1, 10:15, 4:9].all()
    assert masks[1].sum() == 25


def test_the_mask_moves_with_the_image() -> None:
    changes = AugmentationRecipe(rotation=25, shift=0.1, zoom=0.2, horizontal_flip=True)
    images, targets = next(iter(training_batches(_source(), _showings(changes, np.repeat([1, 2], 10)), 20)))
    bright = tf.nn.avg_pool2d(tf.cast(images > 0.6, tf.float32), 2, 2, "VALID").numpy() > 0.5
    masks = targets["mask"].numpy() > 0.5
    overlap = (bright & masks).sum(axis=(1, 2, 3)) / (bright | masks).sum(axis=(1, 2, 3))
    assert overlap.mean() > 0.7
    assert overlap.min() > 0.4


def test_a_planted_tumour_brings_its_label_and_its_mask() -> None:
    rows = np.zeros(20, int)
    images, targets = next(iter(training_batches(_source(), _composed(CopyPasteRecipe(planted=1.0), rows), 20)))
    labels, masks = targets["class"].numpy(), targets["mask"].numpy()
    clear = labels.sum(axis=1) == 1
    assert clear.sum() > 10
    assert (labels[clear].argmax(axis=1) == GLIOMA).all()
    assert masks[clear].max(axis=(1, 2, 3)).min() > 0.5
    small = tf.nn.avg_pool2d(images, 2, 2, "VALID").numpy()[clear]
    assert small[masks[clear] > 0.9].mean() > small[masks[clear] == 0].mean() + 0.2


def test_where_a_planted_tumour_cannot_be_seen_no_answer_is_wrong_and_no_mask_is_known() -> None:
    frames, masks = _arrays()
    plain = np.broadcast_to(np.linspace(40, 220, SIDE)[:, None], frames.shape).astype(np.uint8)
    source = SplitTensors(tf.constant(plain), LABELS, 1, tf.constant(masks), KNOWN)
    rows = np.zeros(10, int)
    _, targets = next(iter(training_batches(source, _composed(CopyPasteRecipe(planted=1.0), rows), 10)))
    faint = (targets["class"].numpy() == 1).all(axis=1)
    unknown = (targets["mask"].numpy() == UNKNOWN_MASK).all(axis=(1, 2, 3))
    assert np.array_equal(faint, unknown)
    assert faint.any()


def test_a_painted_out_tumour_becomes_a_healthy_slice_with_an_empty_mask() -> None:
    images, targets = next(
        iter(training_batches(_source(), _composed(CopyPasteRecipe(painted_out=1.0), np.array([1, 2])), 2))
    )
    assert (targets["class"].numpy().argmax(axis=1) == HEALTHY).all()
    assert not targets["mask"].numpy().any()
    assert images.numpy().max() < 0.6


def test_an_epoch_replays_to_the_last_bit_and_images_stay_in_range() -> None:
    recipe = IntensityRecipe(gamma=0.5, bend=0.4, shading=0.1, blur=0.5, noise=0.1, hole=0.3)
    showings = _composed(CopyPasteRecipe(planted=0.5, decoys=0.3, painted_out=0.5), np.tile(np.arange(5), 4), recipe)
    first, again = (list(training_batches(_source(), showings, 8)) for _ in range(2))
    for (a, b), (c, d) in zip(first, again, strict=True):
        assert np.array_equal(a, c)
        assert np.array_equal(b["mask"], d["mask"])
        assert a.numpy().min() >= 0
        assert a.numpy().max() <= 1


def test_smaller_frames_keep_labels_masks_and_what_is_known() -> None:
    source = _source()
    small = source.resize(32)
    assert source.resize(SIDE) is source
    assert small.model_inputs.shape == small.masks.shape == (5, 32, 32)
    assert small.model_inputs.dtype == small.masks.dtype == tf.uint8
    assert np.array_equal(small.mask_known, KNOWN)
    assert np.array_equal(small.masks.numpy()[1], _arrays()[1][1, ::2, ::2])
    assert SplitTensors(source.model_inputs, LABELS, 1).resize(32).masks is None
