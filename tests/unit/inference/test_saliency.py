"""Saliency maps of a detector: on the pixel grid of the scan, from 0 to 1, loaded on first use."""

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
    """Draw a scan whose left half is below half white, which the tiny network ignores."""
    pixels = np.full((180, 240), 100, np.uint8)
    pixels[:, 120:] = 190
    pixels[40:80, 150:180] = 250
    return pixels


@pytest.fixture
def explained(workspace: Settings) -> Detector:
    write_explained_version(workspace.outputs)
    return Detector.load("v4", workspace)


def test_only_pixels_that_change_the_prediction_are_bright(explained: Detector) -> None:
    saliency = explained.saliency(read_scan(_half_dark()))
    assert saliency is not None
    assert saliency.shape == (180, 240)
    assert saliency.dtype == np.float32
    assert saliency.min() == 0.0
    assert 0.9 < saliency.max() <= 1.0
    assert not saliency[:, :100].any()
    assert saliency[:, 140:].mean() > 0.05


def test_cropped_margin_has_no_saliency(explained: Detector) -> None:
    pixels = np.zeros((220, 300), np.uint8)
    pixels[40:200, 90:250] = 200
    saliency = explained.saliency(read_scan(pixels))
    assert saliency is not None
    assert saliency[40:200, 90:250].max() > 0.5
    assert not saliency[:38].any()
    assert not saliency[:, :88].any()


def test_saliency_is_zero_if_no_pixel_changes_the_prediction(workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    saliency = Detector.load("v4", workspace).saliency(read_scan(_half_dark()), gradient=np.zeros_like)
    assert saliency is not None
    assert not saliency.any()


def test_saliency_is_averaged_over_the_views(workspace: Settings) -> None:
    write_explained_version(workspace.outputs, views={"count": 2})
    write_explained_version(workspace.outputs, "once")
    both, once = (Detector.load(name, workspace).saliency for name in ("v4", "once"))
    scan, mirrored = read_scan(_half_dark()), read_scan(np.ascontiguousarray(_half_dark()[:, ::-1]))
    alone = once(scan), once(mirrored)
    averaged = both(scan), both(mirrored)
    assert all(one is not None for one in (*averaged, *alone))
    assert averaged[0] == pytest.approx(averaged[1][:, ::-1], abs=0.02)  # type: ignore[index]
    assert np.abs(alone[0] - alone[1][:, ::-1]).max() > 0.1  # type: ignore[index, operator]


def test_version_without_a_gradient_graph_has_no_saliency(workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    assert Detector.load("v4", workspace).saliency(read_scan(_half_dark())) is None


def test_gradient_graph_without_a_card_entry_is_not_used(workspace: Settings) -> None:
    write_explained_version(workspace.outputs, saliency=None)
    assert Detector.load("v4", workspace).saliency(read_scan(_half_dark())) is None


def test_altered_gradient_graph_is_refused_when_it_is_first_used(workspace: Settings) -> None:
    folder = write_explained_version(workspace.outputs)
    (folder / "saliency.onnx").write_bytes(b"something else")
    detector = Detector.load("v4", workspace)
    assert detector.detect(_half_dark()).probabilities
    with pytest.raises(ArtifactError, match=r"saliency\.onnx was altered"):
        detector.saliency(read_scan(_half_dark()))


def test_smoothing_keeps_position_and_sum() -> None:
    point = np.zeros((101, 81), np.float32)
    point[50, 40] = 3.0
    saliency = smooth(point)
    assert saliency.sum() == pytest.approx(3.0, rel=1e-5)
    assert np.unravel_index(saliency.argmax(), saliency.shape) == (50, 40)
    assert smooth(np.full((30, 50), 0.7, np.float32)) == pytest.approx(0.7)


def test_spacing_series_and_warnings_reach_the_detection(explained: Detector) -> None:
    position = SeriesPosition("key", "Series 1, 9 slices", 3, 9)
    scan = replace(read_scan(_half_dark()), spacing=(0.5, 0.4), series=position, warnings=("Text may be burned in.",))
    detection = explained.detect(scan)
    assert (detection.spacing, detection.series, detection.warnings) == ((0.5, 0.4), position, scan.warnings)
    assert detection.area_mm2 == pytest.approx((detection.area_pixels or 0) * 0.2)
    plain = explained.detect(_half_dark())
    assert (plain.spacing, plain.series, plain.warnings, plain.area_mm2) == (None, None, (), None)
