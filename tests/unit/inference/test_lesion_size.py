"""Lesion size: components and diameters match references, and detections report them in pixels and millimetres."""

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
def test_largest_component_matches_scipy_labels(mask: np.ndarray) -> None:
    filled = _filled(largest_component(mask), mask.shape)
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    assert filled.sum() == (sizes.max() if count else 0)
    if count:
        (label,) = set(labels[filled])
        assert filled.sum() == sizes[label - 1]


@given(MASKS, SPACINGS)
def test_diameter_is_the_largest_distance_of_pixel_corners(mask: np.ndarray, spacing: tuple[float, float]) -> None:
    runs = largest_component(mask)
    rows, columns = np.nonzero(_filled(runs, mask.shape))
    corners = np.concatenate([np.column_stack([rows + i, columns + j]) for i in (0, 1) for j in (0, 1)]) * spacing
    distances = np.sqrt(np.square(corners[:, None] - corners[None]).sum(axis=2))
    assert max_feret_diameter(runs, spacing) == pytest.approx(distances.max() if len(rows) else 0.0)


@given(MASKS, SPACINGS)
def test_rotating_or_mirroring_keeps_area_and_diameter(mask: np.ndarray, spacing: tuple[float, float]) -> None:
    sizes = sorted(np.bincount(ndimage.label(mask, np.ones((3, 3)))[0].ravel())[1:])
    if sizes[-2:] != sorted(set(sizes[-2:])):
        mask = mask & (
            ndimage.label(mask, np.ones((3, 3)))[0] == 1
        )  # rotating may select another component of equal size
    rotated, flipped = np.rot90(mask), mask[:, ::-1]
    assert len(_filled(largest_component(rotated), rotated.shape)) == mask.shape[1]
    assert _diameter(rotated, spacing[::-1]) == pytest.approx(_diameter(mask, spacing))
    assert _diameter(flipped, spacing) == pytest.approx(_diameter(mask, spacing))


@given(MASKS, SPACINGS, st.integers(2, 4))
def test_finer_pixels_keep_the_diameter_in_millimetres(
    mask: np.ndarray, spacing: tuple[float, float], times: int
) -> None:
    finer = np.kron(mask, np.ones((times, times), bool))
    small = (spacing[0] / times, spacing[1] / times)
    assert _diameter(finer, small) == pytest.approx(_diameter(mask, spacing))
    assert _diameter(finer) == pytest.approx(times * _diameter(mask))


def test_rectangle_is_measured_from_edge_to_edge() -> None:
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


def test_area_is_of_the_whole_mask_and_diameter_of_its_largest_component() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:8, 10:14], mask[30, 3:7] = True, True
    detection = _detection(mask, (2.0, 0.5))
    assert (detection.area_pixels, detection.area_mm2) == (16, 16.0)
    assert detection.diameter_pixels == 5.0
    assert detection.diameter_mm == pytest.approx(np.hypot(3 * 2.0, 4 * 0.5))


def test_millimetres_need_spacing_and_sizes_need_a_mask() -> None:
    detection = _detection(np.eye(40, dtype=bool), None)
    assert (detection.area_pixels, detection.area_mm2, detection.diameter_mm) == (40, None, None)
    assert detection.diameter_pixels == pytest.approx(40 * np.sqrt(2))
    empty = _detection(np.zeros((40, 40), bool), (1.0, 1.0))
    assert (empty.area_pixels, empty.area_mm2, empty.diameter_pixels, empty.diameter_mm) == (0, 0.0, 0.0, 0.0)
    none = _detection(None, (1.0, 1.0))
    assert {none.area_pixels, none.area_mm2, none.diameter_pixels, none.diameter_mm} == {None}


def test_sizes_are_cached_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    detection = _detection(np.eye(40, dtype=bool), (1.0, 1.0))
    sizes_at_calls: list[set[str]] = []

    def watched(*arguments: object) -> float:
        sizes_at_calls.append(set(detection._sizes))
        return max_feret_diameter(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("braintumor.inference.detection.max_feret_diameter", watched)
    assert detection.diameter_mm == pytest.approx(40 * np.sqrt(2))
    assert sizes_at_calls == [set(), set()]
