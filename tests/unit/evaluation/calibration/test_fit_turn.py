"""Turn detection is fitted to upright scans, and nearly no upright scan is turned."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from braintumor.evaluation.calibration.fit_turn import (
    choose_limits,
    make_upright,
    measure_turn_network,
    read_shared_network,
)
from braintumor.imaging import InputSpec
from braintumor.inference.input_check.limits import TurnLimits
from braintumor.inference.model_card import TURN_FILE
from braintumor.inference.turn.turn_detector import TurnEstimate, turn_input
from braintumor.settings import Settings
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.tiny import write_version

LIMITS = TurnLimits(sideways_at=0.9, upside_down_at=0.9, likely_at=0.5)


class MarkerDetector:
    """Finds the turn of pictures by a bright corner, which is at the upper left of upright ones."""

    def probabilities(self, model_inputs: NDArray[np.uint8]) -> NDArray[np.float64]:
        corners = [(0, 0), (-1, 0), (-1, -1), (0, -1)]
        levels = np.stack([model_inputs[:, row, column].astype(float) for row, column in corners], axis=1)
        return levels / levels.sum(axis=1, keepdims=True)


def test_images_stored_upside_down_are_turned_and_the_others_kept() -> None:
    stored = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    upright = make_upright(stored, np.array([0, 2]))
    np.testing.assert_array_equal(upright[0], stored[0])
    np.testing.assert_array_equal(upright[1], np.rot90(stored[1], 2))


def test_limits_leave_all_but_a_quarter_of_a_percent_of_upright_scans() -> None:
    generator = np.random.default_rng(0)
    wrong = generator.beta(0.3, 3, (4000, 3))
    scores = np.column_stack([np.maximum(0.01, 1 - wrong.sum(axis=1)), wrong])
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    limits = choose_limits(probabilities)
    corrections = np.array([TurnEstimate(each, limits).correction for each in probabilities])
    assert 0 < (corrections != 0).mean() <= 0.005
    assert limits.sideways_at >= limits.likely_at


def test_limits_are_not_below_three_quarters() -> None:
    limits = choose_limits(np.tile([1.0, 0.0, 0.0, 0.0], (100, 1)))
    assert (limits.sideways_at, limits.upside_down_at, limits.likely_at) == (0.75, 0.75, 0.5)


def test_a_perfect_detector_makes_no_errors_and_corrects_every_turn() -> None:
    data = phantom_data(InputSpec(80, 80), per_class=2)
    upright = np.zeros_like(data.model_inputs)
    upright[:, 0, 0] = 255
    metrics = measure_turn_network(MarkerDetector(), LIMITS, data, upright, 10)  # type: ignore[arg-type]
    assert metrics["error"]["value"] == metrics["wrongly_turned"]["value"] == 0
    assert metrics["corrected"]["value"] == 1
    assert "corrected@turn:0" not in metrics
    assert metrics["error@turn:90"]["n"] == len(upright)


def test_a_detector_that_is_wrong_about_half_turns_is_measured_so() -> None:
    data = phantom_data(InputSpec(80, 80), per_class=2)
    upside_down = np.zeros_like(data.model_inputs)
    upside_down[:, -1, -1] = 255
    metrics = measure_turn_network(MarkerDetector(), LIMITS, data, upside_down, 10)  # type: ignore[arg-type]
    assert metrics["error@turn:0"]["value"] == metrics["wrongly_turned@turn:0"]["value"] == 1
    assert metrics["corrected"]["value"] == 0


@pytest.mark.slow
def test_a_trained_network_recognizes_the_turns_of_phantoms() -> None:
    import onnxruntime

    from braintumor.evaluation.calibration.turn_network import train_turn_network

    images = phantom_data(InputSpec(80, 80), per_class=40).model_inputs
    session = onnxruntime.InferenceSession(train_turn_network(images, epochs=60))

    def logits(turned: NDArray[Any]) -> NDArray[np.float32]:
        values: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: turn_input(turned)})[0]
        return values

    correct = [logits(np.rot90(images, turn, axes=(1, 2))).argmax(axis=1) == turn for turn in range(4)]
    assert np.mean(correct) > 0.6  # chance is a quarter, and phantoms are nearly symmetric


def test_version_with_the_same_images_gets_a_copy_of_the_network(workspace: Settings) -> None:
    entry = {"sideways_at": 0.8, "upside_down_at": 0.8, "likely_at": 0.5, "data": "same images"}
    folder = write_version(workspace.outputs, "first", turn=entry)
    (folder / TURN_FILE).write_bytes(b"network")
    assert read_shared_network("same images", workspace) == b"network"
    assert read_shared_network("other images", workspace) is None
