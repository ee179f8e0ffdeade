"""Localization metrics of masks and heat maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.evaluation.metrics.segmentation import dice_and_iou, localization_metrics, mask_coverage
from braintumor.inference.outputs import Outputs


def _masks() -> np.ndarray:
    masks = np.zeros((3, 16, 16), np.uint8)
    masks[0, 4:8, 4:8] = 1
    masks[1, 0, 0] = 1
    return masks


def _outputs(mask: np.ndarray, maps: np.ndarray | None = None) -> Outputs:
    return Outputs(np.zeros((3, 4), np.float32), maps, mask.astype(np.float32))


def test_exact_mask_scores_one() -> None:
    half = np.stack([mask_coverage(mask, (8, 8)) for mask in _masks()])
    half[1, 0, 0] = 1  # the tumour covers at most a quarter of a cell
    metrics = localization_metrics(_outputs(half), _masks(), np.zeros(3, int))
    for name in ("dice", "iou", "pointing_game"):
        assert metrics[name][:2] == pytest.approx([1.0, 1.0])
        assert np.isnan(metrics[name][2])


def test_mask_outside_the_tumor_scores_zero() -> None:
    predicted = np.zeros((3, 8, 8))
    predicted[:, 7, 7] = 0.9
    metrics = localization_metrics(_outputs(predicted), _masks(), np.zeros(3, int))
    assert metrics["dice"][0] == metrics["iou"][0] == metrics["pointing_game"][0] == 0


def test_uniform_evidence_reaches_the_tumor_share() -> None:
    even = np.ones((3, 4, 4, 4), np.float32)
    metrics = localization_metrics(_outputs(np.zeros((3, 8, 8)), even), _masks(), np.zeros(3, int))
    assert metrics["activation_inside"][0] == pytest.approx(metrics["outline_share"][0]) == pytest.approx(1 / 16)


def test_map_of_the_true_class_is_scored() -> None:
    maps = np.zeros((3, 4, 4, 4), np.float32)
    maps[0, 3, 1, 1] = 5.0
    maps[0, 0, 3, 3] = 9.0
    metrics = localization_metrics(_outputs(np.zeros((3, 8, 8)), maps), _masks(), np.array([3, 3, 2]))
    assert metrics["activation_inside"][0] == metrics["map_pointing_game"][0] == 1
    assert np.isnan(metrics["activation_inside"][1])  # no evidence


def test_extent_positions_the_map_on_the_image() -> None:
    mask = np.zeros((16, 16), np.uint8)
    mask[4:8, 4:8] = 1
    assert mask_coverage(mask, (2, 2), (4.0, 4.0, 12.0, 12.0)) == pytest.approx(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert mask_coverage(mask, (2, 2), (-8.0, -8.0, 24.0, 24.0)).sum() == pytest.approx(16 / 256)


def test_tumor_outside_the_extent_is_missed() -> None:
    maps = np.zeros((3, 4, 4, 4), np.float32)
    maps[1, 3, 3, 3] = 1.0
    metrics = localization_metrics(_outputs(np.zeros((3, 8, 8)), maps), _masks(), np.full(3, 3), (4.0, 4.0, 12.0, 12.0))
    assert metrics["activation_inside"][1] == metrics["map_pointing_game"][1] == 0


@given(st.integers(0, 2**32 - 1))
def test_dice_and_overlap_agree(seed: int) -> None:
    truth, predicted = np.random.default_rng(seed).random((2, 6, 6)) < 0.4
    truth[0, 0] = True
    dice, iou = dice_and_iou(truth, predicted)
    assert 0 <= iou <= dice <= 1
    assert dice == pytest.approx(2 * iou / (1 + iou))
