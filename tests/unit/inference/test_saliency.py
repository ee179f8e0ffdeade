"""Saliency of a detector: on the scan's own pixels, from 0 to 1, loaded when it is asked for."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.errors import ArtifactError
from braintumor.imaging import read_scan
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference import Detector
from braintumor.inference.saliency import smooth
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_explained_version, write_masked_version


def _half_dark() -> np.ndarray:
    """The tiny network sees nothing below half white: on the left no pixel can move its answer."""
    pixels = np.full((180, 240), 100, np.uint8)
    pixels[:, 120:] = 190
    pixels[40:80, 150:180] = 250
    return pixels


@pytest.fixture
def explained(workspace: Settings) -> Detector:
    write_explained_version(workspace.outputs)
    return Detector.load("v4", workspace)


def test_only_pixels_that_move_the_answer_are_bright(explained: Detector) -> None:
    found = explained.saliency(read_scan(_half_dark()))
    assert found is not None
    assert found.shape == (180, 240)
    assert found.dtype == np.float32
    assert found.min() == 0.0
    assert 0.9 < found.max() <= 1.0
    assert not found[:, :100].any()
    assert found[:, 140:].mean() > 0.05


def test_of_the_cropped_margin_nothing_is_said(explained: Detector) -> None:
    pixels = np.zeros((220, 300), np.uint8)
    pixels[40:200, 90:250] = 200
    found = explained.saliency(read_scan(pixels))
    assert found is not None
    assert found[40:200, 90:250].max() > 0.5
    assert not found[:38].any()
    assert not found[:, :88].any()


def test_where_no_pixel_moves_the_answer_all_is_dark(explained: Detector) -> None:
    pixels = np.full((60, 60), 90, np.uint8)
    pixels[20:40, 20:40] = 110
    found = explained.saliency(read_scan(pixels))
    assert found is not None
    assert not found.any()


def test_where_the_answer_is_averaged_with_the_mirrored_one_saliency_is_too(workspace: Settings) -> None:
    write_explained_version(workspace.outputs, views={"count": 2})
    write_explained_version(workspace.outputs, "once")
    both, once = (Detector.load(name, workspace).saliency for name in ("v4", "once"))
    scan, mirrored = read_scan(_half_dark()), read_scan(np.ascontiguousarray(_half_dark()[:, ::-1]))
    alone = once(scan), once(mirrored)
    found = both(scan), both(mirrored)
    assert all(one is not None for one in (*found, *alone))
    assert found[0] == pytest.approx(found[1][:, ::-1], abs=0.02)  # type: ignore[index]
    assert np.abs(alone[0] - alone[1][:, ::-1]).max() > 0.1  # type: ignore[index, operator]


def test_a_version_without_a_gradient_graph_has_none(workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    assert Detector.load("v4", workspace).saliency(read_scan(_half_dark())) is None


def test_a_graph_left_by_an_earlier_model_is_not_used(workspace: Settings) -> None:
    write_explained_version(workspace.outputs, saliency=None)
    assert Detector.load("v4", workspace).saliency(read_scan(_half_dark())) is None


def test_an_altered_graph_is_refused_when_it_is_first_asked_for(workspace: Settings) -> None:
    folder = write_explained_version(workspace.outputs)
    (folder / "saliency.onnx").write_bytes(b"something else")
    detector = Detector.load("v4", workspace)
    assert detector.detect(_half_dark()).probabilities
    with pytest.raises(ArtifactError, match=r"saliency\.onnx was altered"):
        detector.saliency(read_scan(_half_dark()))


def test_smoothing_moves_nothing_and_loses_nothing() -> None:
    point = np.zeros((101, 81), np.float32)
    point[50, 40] = 3.0
    found = smooth(point)
    assert found.sum() == pytest.approx(3.0, rel=1e-5)
    assert np.unravel_index(found.argmax(), found.shape) == (50, 40)
    assert smooth(np.full((30, 50), 0.7, np.float32)) == pytest.approx(0.7)


def test_what_the_scan_knows_of_itself_reaches_the_detection(explained: Detector) -> None:
    place = SeriesPosition("key", "Series 1, 9 slices", 3, 9)
    scan = replace(read_scan(_half_dark()), spacing=(0.5, 0.4), series=place, warnings=("Text may be burned in.",))
    found = explained.detect(scan)
    assert (found.spacing, found.series, found.warnings) == ((0.5, 0.4), place, scan.warnings)
    assert found.area_mm2 == pytest.approx((found.area_pixels or 0) * 0.2)
    plain = explained.detect(_half_dark())
    assert (plain.spacing, plain.series, plain.warnings, plain.area_mm2) == (None, None, (), None)
