"""The gradient made from the served graph: that of automatic differentiation, from no other file."""

import numpy as np
import pytest

from braintumor.errors import ArtifactError
from braintumor.inference import Detector
from braintumor.models.builder import load_keras_model
from braintumor.settings import Settings
from braintumor.training.export import log_odds_gradient
from braintumor.training.onnx_gradient import gradient_from_onnx
from tests.helpers.report_entries import drawn
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.versions.trained import write_trained_version


@pytest.fixture
def trained(workspace: Settings) -> Detector:
    """A version with its network and no gradient graph."""
    write_trained_version(workspace.outputs)
    return Detector.load("v1", workspace)


def test_it_is_that_of_automatic_differentiation(trained: Detector) -> None:
    batch = np.random.default_rng(0).random((1, CONTRACT.height, CONTRACT.width, CONTRACT.channels), np.float32)
    expected = log_odds_gradient(load_keras_model(trained.artifact.path("model.keras")), batch)
    assert np.abs(expected).max() > 0
    assert np.allclose(gradient_from_onnx(trained.artifact)(batch), expected, atol=1e-5 * np.abs(expected).max())


def test_with_it_a_version_without_gradient_graph_or_network_has_saliency(trained: Detector) -> None:
    trained.artifact.path("model.keras").unlink()
    scan = drawn(1)
    assert trained.saliency(scan) is None
    found = trained.saliency(scan, gradient_from_onnx(trained.artifact))
    assert found is not None
    assert found.shape == (scan.height, scan.width)
    assert 0.9 < found.max() <= 1.0


def test_an_altered_graph_is_refused(trained: Detector) -> None:
    path = trained.artifact.path("model.onnx")
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactError, match="hash differs"):
        gradient_from_onnx(trained.artifact)
