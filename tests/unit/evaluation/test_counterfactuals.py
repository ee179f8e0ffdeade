"""Counterfactual scans come from slices of one split and differ visibly from the originals."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.enums import CLASSES, Split, TumorClass
from braintumor.evaluation.counterfactuals import make_counterfactuals
from braintumor.imaging import InputSpec
from braintumor.training.inputs.data import TrainingData
from tests.helpers.training_data import phantom_data

NO_TUMOR = CLASSES.index(TumorClass.NOTUMOR)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(InputSpec(height=64, width=64, channels=1), per_class=60)


def test_tumor_free_slices_get_tumors_and_distractors(data: TrainingData) -> None:
    model_inputs, is_tumor = make_counterfactuals(data, Split.VALIDATION)
    rows = data.split_rows(Split.VALIDATION)
    tumor_free = int((data.labels[rows] == NO_TUMOR).sum())
    assert model_inputs.dtype == np.uint8
    assert model_inputs.shape[1:] == (64, 64)
    assert len(model_inputs) == len(is_tumor)
    assert 1 <= is_tumor.sum() <= tumor_free
    assert (~is_tumor).any()


def test_counterfactuals_differ_visibly_from_real_scans(data: TrainingData) -> None:
    model_inputs, _ = make_counterfactuals(data, Split.VALIDATION)
    real = data.model_inputs[data.split_rows(Split.VALIDATION)].astype(int)
    for model_input in model_inputs:
        assert np.abs(model_input.astype(int) - real).mean(axis=(1, 2)).min() > 0
        assert np.abs(model_input.astype(int) - real).max(axis=(1, 2)).min() > 5


def test_only_slices_of_the_same_split_are_used(data: TrainingData) -> None:
    other_splits = data.manifest["split"].to_numpy() != str(Split.TEST)
    masks = data.masks
    assert masks is not None
    without_other_splits = replace(
        data,
        model_inputs=np.where(other_splits[:, None, None], 0, data.model_inputs).astype(np.uint8),
        masks=np.where(other_splits[:, None, None], 0, masks).astype(np.uint8),
    )
    for actual, expected in zip(
        make_counterfactuals(without_other_splits, Split.TEST), make_counterfactuals(data, Split.TEST), strict=True
    ):
        assert np.array_equal(actual, expected)


def test_masks_are_required(data: TrainingData) -> None:
    with pytest.raises(ValueError, match="with_masks"):
        make_counterfactuals(replace(data, masks=None, mask_known=None), Split.TEST)
