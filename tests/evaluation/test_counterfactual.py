"""Counterfactual scans: held-out slices with the other answer, made of held-out slices only."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.evaluation.counterfactual import counterfactuals
from braintumor.imaging import InputContract
from braintumor.training.data import TrainingData
from braintumor.vocabulary import CLASSES, Split, TumorClass
from tests.support.training import phantom_data

HEALTHY = CLASSES.index(TumorClass.NOTUMOR)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(InputContract(height=64, width=64, channels=1), per_class=60)


def test_healthy_slices_get_tumours_and_harmless_patches(data: TrainingData) -> None:
    frames, is_tumor = counterfactuals(data, Split.VALIDATION)
    rows = data.rows(Split.VALIDATION)
    healthy = int((data.labels[rows] == HEALTHY).sum())
    assert frames.dtype == np.uint8
    assert frames.shape[1:] == (64, 64)
    assert len(frames) == len(is_tumor)
    assert 1 <= is_tumor.sum() <= healthy
    assert (~is_tumor).any()


def test_a_planted_tumour_can_be_seen_and_no_frame_is_one_of_the_real_ones(data: TrainingData) -> None:
    frames, _ = counterfactuals(data, Split.VALIDATION)
    real = data.frames[data.rows(Split.VALIDATION)].astype(int)
    for frame in frames:
        assert np.abs(frame.astype(int) - real).mean(axis=(1, 2)).min() > 0
        assert np.abs(frame.astype(int) - real).max(axis=(1, 2)).min() > 10


def test_only_slices_of_the_same_split_take_part(data: TrainingData) -> None:
    elsewhere = data.manifest["split"].to_numpy() != str(Split.TEST)
    masks = data.masks
    assert masks is not None
    emptied = replace(
        data,
        frames=np.where(elsewhere[:, None, None], 0, data.frames).astype(np.uint8),
        masks=np.where(elsewhere[:, None, None], 0, masks).astype(np.uint8),
    )
    for found, expected in zip(counterfactuals(emptied, Split.TEST), counterfactuals(data, Split.TEST), strict=True):
        assert np.array_equal(found, expected)


def test_without_masks_it_is_refused(data: TrainingData) -> None:
    with pytest.raises(ValueError, match="with_masks"):
        counterfactuals(replace(data, masks=None, known=None), Split.TEST)
