"""Localization: exact masks score one, blind maps score the share of the tumour, and the frame's edges are kept."""

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


def test_a_mask_that_is_the_outline_scores_one() -> None:
    half = np.stack([mask_coverage(mask, (8, 8)) for mask in _masks()])
    half[1, 0, 0] = 1  # a quarter of a cell is the most there is of that tumour
    found = localization_metrics(_outputs(half), _masks(), np.zeros(3, int))
    for name in ("dice", "iou", "pointing_game"):
        assert found[name][:2] == pytest.approx([1.0, 1.0])
        assert np.isnan(found[name][2])


def test_a_mask_elsewhere_scores_nothing() -> None:
    said = np.zeros((3, 8, 8))
    said[:, 7, 7] = 0.9
    found = localization_metrics(_outputs(said), _masks(), np.zeros(3, int))
    assert found["dice"][0] == found["iou"][0] == found["pointing_game"][0] == 0


def test_evidence_spread_evenly_reaches_the_share_of_the_outline() -> None:
    even = np.ones((3, 4, 4, 4), np.float32)
    found = localization_metrics(_outputs(np.zeros((3, 8, 8)), even), _masks(), np.zeros(3, int))
    assert found["activation_inside"][0] == pytest.approx(found["outline_share"][0]) == pytest.approx(1 / 16)


def test_the_map_of_the_scans_own_class_is_judged() -> None:
    maps = np.zeros((3, 4, 4, 4), np.float32)
    maps[0, 3, 1, 1] = 5.0
    maps[0, 0, 3, 3] = 9.0
    found = localization_metrics(_outputs(np.zeros((3, 8, 8)), maps), _masks(), np.array([3, 3, 2]))
    assert found["activation_inside"][0] == found["map_pointing_game"][0] == 1
    assert np.isnan(found["activation_inside"][1])  # no evidence to share out


def test_a_map_over_part_of_the_frame_is_laid_where_it_looks() -> None:
    mask = np.zeros((16, 16), np.uint8)
    mask[4:8, 4:8] = 1
    assert mask_coverage(mask, (2, 2), (4.0, 4.0, 12.0, 12.0)) == pytest.approx(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert mask_coverage(mask, (2, 2), (-8.0, -8.0, 24.0, 24.0)).sum() == pytest.approx(16 / 256)


def test_an_outline_beyond_the_map_is_not_pointed_at() -> None:
    maps = np.zeros((3, 4, 4, 4), np.float32)
    maps[1, 3, 3, 3] = 1.0
    found = localization_metrics(_outputs(np.zeros((3, 8, 8)), maps), _masks(), np.full(3, 3), (4.0, 4.0, 12.0, 12.0))
    assert found["activation_inside"][1] == found["map_pointing_game"][1] == 0


@given(st.integers(0, 2**32 - 1))
def test_dice_and_overlap_agree(seed: int) -> None:
    truth, said = np.random.default_rng(seed).random((2, 6, 6)) < 0.4
    truth[0, 0] = True
    dice, iou = dice_and_iou(truth, said)
    assert 0 <= iou <= dice <= 1
    assert dice == pytest.approx(2 * iou / (1 + iou))
