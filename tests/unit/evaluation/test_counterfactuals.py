"""Counterfactual scans: held-out slices with the other answer, made of held-out slices only."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.enums import CLASSES, Split, TumorClass
from braintumor.evaluation.counterfactuals import make_counterfactuals
from braintumor.imaging import InputSpec
from braintumor.training.data import TrainingData
from tests.helpers.training_data import phantom_data

HEALTHY = CLASSES.index(TumorClass.NOTUMOR)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(InputSpec(height=64, width=64, channels=1), per_class=60)


def test_healthy_slices_get_tumours_and_harmless_patches(data: TrainingData) -> None:
    frames, is_tumor = make_counterfactuals(data, Split.VALIDATION)
    rows = data.split_rows(Split.VALIDATION)
    healthy = int((data.labels[rows] == HEALTHY).sum())
    assert frames.dtype == np.uint8
    assert frames.shape[1:] == (64, 64)
    assert len(frames) == len(is_tumor)
    assert 1 <= is_tumor.sum() <= healthy
    assert (~is_tumor).any()


def test_a_planted_tumour_can_be_seen_and_no_frame_is_one_of_the_real_ones(data: TrainingData) -> None:
    frames, _ = make_counterfactuals(data, Split.VALIDATION)
    real = data.model_inputs[data.split_rows(Split.VALIDATION)].astype(int)
    for frame in frames:
        assert np.abs(frame.astype(int) - real).mean(axis=(1, 2)).min() > 0
        assert np.abs(frame.astype(int) - real).max(axis=(1, 2)).min() > 10


def test_only_slices_of_the_same_split_take_part(data: TrainingData) -> None:
    elsewhere = data.manifest["split"].to_numpy() != str(Split.TEST)
    masks = data.masks
    assert masks is not None
    emptied = replace(
        data,
        frames=np.where(elsewhere[:, None, None], 0, data.model_inputs).astype(np.uint8),
        masks=np.where(elsewhere[:, None, None], 0, masks).astype(np.uint8),
    )
    for found, expected in zip(
        make_counterfactuals(emptied, Split.TEST), make_counterfactuals(data, Split.TEST), strict=True
    ):
        assert np.array_equal(found, expected)


def test_without_masks_it_is_refused(data: TrainingData) -> None:
    with pytest.raises(ValueError, match="with_masks"):
        make_counterfactuals(replace(data, masks=None, known=None), Split.TEST)
