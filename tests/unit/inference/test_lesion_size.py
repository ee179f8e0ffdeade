"""Size of an outline: the largest connected part, and the longest line across it, however the picture is turned."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from braintumor.enums import CLASSES, Verdict
from braintumor.imaging.geometry import Geometry
from braintumor.inference import Detection
from braintumor.inference.lesion_size import largest_component, max_feret_diameter

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))
SPACINGS = st.tuples(st.floats(0.1, 5.0), st.floats(0.1, 5.0))


def _diameter(mask: np.ndarray, spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    return max_feret_diameter(largest_component(mask), spacing)


def _filled(runs: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    filled = np.zeros(shape, bool)
    for row, start, end in runs:
        filled[row, start:end] = True
    return filled


@given(MASKS)
def test_the_largest_part_is_the_one_a_reference_labels(mask: np.ndarray) -> None:
    found = _filled(largest_component(mask), mask.shape)
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    assert found.sum() == (sizes.max() if count else 0)
    if count:
        (label,) = set(labels[found])
        assert found.sum() == sizes[label - 1]


@given(MASKS, SPACINGS)
def test_no_two_corners_of_its_pixels_lie_farther_apart(mask: np.ndarray, spacing: tuple[float, float]) -> None:
    runs = largest_component(mask)
    rows, columns = np.nonzero(_filled(runs, mask.shape))
    corners = np.concatenate([np.column_stack([rows + i, columns + j]) for i in (0, 1) for j in (0, 1)]) * spacing
    apart = np.sqrt(np.square(corners[:, None] - corners[None]).sum(axis=2))
    assert max_feret_diameter(runs, spacing) == pytest.approx(apart.max() if len(rows) else 0.0)


@given(MASKS, SPACINGS)
def test_a_turned_or_mirrored_picture_has_the_same_area_and_diameter(
    mask: np.ndarray, spacing: tuple[float, float]
) -> None:
    sizes = sorted(np.bincount(ndimage.label(mask, np.ones((3, 3)))[0].ravel())[1:])
    if sizes[-2:] != sorted(set(sizes[-2:])):
        mask = mask & (ndimage.label(mask, np.ones((3, 3)))[0] == 1)  # of equals, turning may pick the other
    turned, flipped = np.rot90(mask), mask[:, ::-1]
    assert len(_filled(largest_component(turned), turned.shape)) == mask.shape[1]
    assert _diameter(turned, spacing[::-1]) == pytest.approx(_diameter(mask, spacing))
    assert _diameter(flipped, spacing) == pytest.approx(_diameter(mask, spacing))


@given(MASKS, SPACINGS, st.integers(2, 4))
def test_finer_pixels_change_nothing_in_millimetres(mask: np.ndarray, spacing: tuple[float, float], times: int) -> None:
    finer = np.kron(mask, np.ones((times, times), bool))
    small = (spacing[0] / times, spacing[1] / times)
    assert _diameter(finer, small) == pytest.approx(_diameter(mask, spacing))
    assert _diameter(finer) == pytest.approx(times * _diameter(mask))


def test_a_rectangle_is_measured_from_edge_to_edge() -> None:
    mask = np.zeros((20, 20), bool)
    mask[5:8, 10:14] = True
    mask[15, 15] = True
    assert _diameter(mask) == 5.0
    assert _diameter(mask, (4.0, 2.25)) == 15.0
    assert _diameter(np.ones((1, 1), bool)) == pytest.approx(np.sqrt(2))
    assert _diameter(np.zeros((4, 4), bool)) == 0.0


def _detection(mask: np.ndarray | None, spacing: tuple[float, float] | None) -> Detection:
    side = 40
    whole = (0, 0, side, side)
    return Detection(
        "scan", "0" * 64, datetime.now(UTC), dict.fromkeys(CLASSES, 0.25), 0.75, Verdict.TUMOR_SUSPECTED, "Because.",
        CLASSES, None, "v4", {}, spacing=spacing,
        _mask=None if mask is None else mask.astype(np.float32),
        _geometry=Geometry((side, side), whole, whole, (side, side)),
    )  # fmt: skip


def test_a_detection_counts_all_of_its_mask_and_measures_across_the_largest_part() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:8, 10:14], mask[30, 3:7] = True, True
    found = _detection(mask, (2.0, 0.5))
    assert (found.area_pixels, found.area_mm2) == (16, 16.0)
    assert found.diameter_pixels == 5.0
    assert found.diameter_mm == pytest.approx(np.hypot(3 * 2.0, 4 * 0.5))


def test_without_spacing_there_are_no_millimetres_and_without_a_mask_no_sizes() -> None:
    found = _detection(np.eye(40, dtype=bool), None)
    assert (found.area_pixels, found.area_mm2, found.diameter_mm) == (40, None, None)
    assert found.diameter_pixels == pytest.approx(40 * np.sqrt(2))
    empty = _detection(np.zeros((40, 40), bool), (1.0, 1.0))
    assert (empty.area_pixels, empty.area_mm2, empty.diameter_pixels, empty.diameter_mm) == (0, 0.0, 0.0, 0.0)
    none = _detection(None, (1.0, 1.0))
    assert {none.area_pixels, none.area_mm2, none.diameter_pixels, none.diameter_mm} == {None}


def test_no_other_thread_sees_half_of_the_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _detection(np.eye(40, dtype=bool), (1.0, 1.0))
    seen: list[set[str]] = []

    def watched(*given: object) -> float:
        seen.append(set(found._sizes))
        return max_feret_diameter(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("braintumor.inference.detection.max_feret_diameter", watched)
    assert found.diameter_mm == pytest.approx(40 * np.sqrt(2))
    assert seen == [set(), set()]
