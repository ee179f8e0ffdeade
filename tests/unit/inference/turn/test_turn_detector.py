"""Turn detection: sure turns are undone, probable turns prevent a clearance, oriented files are left alone."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.enums import PictureKind, Verdict
from braintumor.errors import ArtifactError
from braintumor.imaging import Scan, preprocess, read_scan
from braintumor.imaging.edits import turn_scan
from braintumor.inference import Detector
from braintumor.inference.turn import turn_detector
from braintumor.inference.turn.turn_detector import TurnEstimate, turn_input
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version
from tests.helpers.versions.turns import LIMITS, add_turn_section, bright_top_pixels, write_turn_network


def estimate(*probabilities: float) -> TurnEstimate:
    """Estimate with the probabilities of 0, 1, 2 and 3 counterclockwise quarter turns."""
    return TurnEstimate(np.array(probabilities), LIMITS)


@pytest.fixture
def detector(workspace: Settings) -> Detector:
    """A tiny version with a turn network that holds pictures with a bright top for upright."""
    write_version(workspace.outputs)
    write_turn_network(workspace.outputs / "v1")
    add_turn_section(workspace.outputs / "v1")
    return Detector.load("v1", workspace)


@pytest.fixture
def upright() -> Scan:
    """A phantom that is brighter at the top."""
    return read_scan(bright_top_pixels("glioma", 5), "scan.png")


def test_a_sure_turn_is_undone_and_a_likely_one_suggested() -> None:
    assert (estimate(0.97, 0.01, 0.01, 0.01).correction, estimate(0.97, 0.01, 0.01, 0.01).suggestion) == (0, 0)
    assert (estimate(0.02, 0.94, 0.02, 0.02).correction, estimate(0.02, 0.94, 0.02, 0.02).suggestion) == (1, 0)
    assert (estimate(0.1, 0.02, 0.86, 0.02).correction, estimate(0.1, 0.02, 0.86, 0.02).suggestion) == (2, 0)
    assert (estimate(0.3, 0.0, 0.7, 0.0).correction, estimate(0.3, 0.0, 0.7, 0.0).suggestion) == (0, 2)
    assert (estimate(0.3, 0.2, 0.0, 0.5).correction, estimate(0.3, 0.2, 0.0, 0.5).suggestion) == (0, 3)


def test_a_sideways_picture_is_turned_to_the_more_probable_side() -> None:
    assert estimate(0.02, 0.52, 0.0, 0.46).correction == 1
    assert estimate(0.02, 0.46, 0.0, 0.52).correction == 3


def test_only_a_clearance_becomes_uncertain() -> None:
    turned = estimate(0.3, 0.0, 0.7, 0.0)
    verdict, reason = turned.limit_verdict(Verdict.NO_TUMOR_FOUND, "Low.")
    assert verdict is Verdict.UNCERTAIN
    assert reason.startswith("The picture was probably turned by 180 degrees")
    for other in (Verdict.TUMOR_SUSPECTED, Verdict.NOT_BRAIN_MRI, Verdict.UNCERTAIN):
        assert turned.limit_verdict(other, "Other.") == (other, "Other.")
    assert estimate(1.0, 0.0, 0.0, 0.0).limit_verdict(Verdict.NO_TUMOR_FOUND, "Low.")[0] is Verdict.NO_TUMOR_FOUND


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_picture_is_read_as_the_upright_one(detector: Detector, upright: Scan, turn: int) -> None:
    expected = detector.detect(upright)
    assert expected.turn == 0
    turned = turn_scan(upright, -turn)
    detection = detector.detect(turned)
    assert detection.turn == turn
    assert detection.probabilities == expected.probabilities
    assert "it was turned back before reading" in detection.warnings[-1]
    shown = detection.as_read(turned)
    np.testing.assert_array_equal(shown.values, upright.values)
    assert shown.warnings == detection.warnings
    assert detection.heat_map is not None
    assert detection.heat_map.shape == shown.values.shape


def test_a_scan_whose_file_states_the_orientation_is_not_turned(detector: Detector, upright: Scan) -> None:
    detection = detector.detect(replace(turn_scan(upright, 1), is_oriented=True))
    assert (detection.turn, detection.suggested_turn, detection.warnings) == (0, 0, ())


@pytest.mark.parametrize("picture", [PictureKind.SHEET, PictureKind.SCREENSHOT, PictureKind.PHOTOGRAPH])
def test_no_turn_is_looked_for_in_other_pictures(detector: Detector, upright: Scan, picture: PictureKind) -> None:
    network = turn_detector.TurnDetector.load(detector.artifact)
    assert network is not None
    model_input = preprocess(upright, detector.artifact.card.input_spec)[0]
    assert network.estimate(upright, model_input) is not None
    assert network.estimate(replace(upright, picture=picture), model_input) is None


def test_a_picture_that_is_no_brain_mri_is_not_turned(
    detector: Detector, upright: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "braintumor.inference.pipeline.judge.decide_verdict", lambda *_, **__: (Verdict.NOT_BRAIN_MRI, "A photograph.")
    )
    detection = detector.detect(turn_scan(upright, 1))
    assert (detection.verdict, detection.turn, detection.warnings) == (Verdict.NOT_BRAIN_MRI, 0, ())


def test_a_version_without_turn_network_reads_pictures_as_they_are(workspace: Settings, upright: Scan) -> None:
    write_version(workspace.outputs)
    detection = Detector.load("v1", workspace).detect(turn_scan(upright, 1))
    assert (detection.turn, detection.warnings) == (0, ())


def test_an_altered_turn_network_is_refused(detector: Detector, workspace: Settings) -> None:
    path = workspace.outputs / "v1" / "turn.onnx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactError, match=r"turn\.onnx was altered"):
        Detector.load("v1", workspace)


def test_limits_of_the_turn_are_part_of_the_fingerprint(detector: Detector, workspace: Settings) -> None:
    before = detector.artifact.card.fingerprint
    add_turn_section(workspace.outputs / "v1", likely_at=0.6)
    assert Detector.load("v1", workspace).artifact.card.fingerprint != before


def test_the_turn_input_has_one_size_for_every_model_input() -> None:
    for side in (80, 96, 160, 224):
        values = turn_input(np.full((2, side, side), 255, np.uint8))
        assert values.shape == (2, 80, 80, 1)
        np.testing.assert_allclose(values, 0.8, atol=1e-6)
