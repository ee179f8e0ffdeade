"""Gradient from `model.onnx` alone: equal to automatic differentiation."""

import numpy as np
import pytest

from braintumor.errors import ArtifactError
from braintumor.inference import Detector
from braintumor.models.builder import load_keras_model
from braintumor.models.onnx_autodiff.saliency_gradient import gradient_from_onnx
from braintumor.settings import Settings
from braintumor.training.export import log_odds_gradient
from tests.helpers.report_entries import make_scan
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.versions.trained import write_trained_version


@pytest.fixture
def trained(workspace: Settings) -> Detector:
    """Detector of a version with a Keras model and without a gradient graph."""
    write_trained_version(workspace.outputs)
    return Detector.load("v1", workspace)


def test_gradient_equals_automatic_differentiation(trained: Detector) -> None:
    batch = np.random.default_rng(0).random((1, CONTRACT.height, CONTRACT.width, CONTRACT.channels), np.float32)
    expected = log_odds_gradient(load_keras_model(trained.artifact.path("model.keras")), batch)
    assert np.abs(expected).max() > 0
    assert np.allclose(gradient_from_onnx(trained.artifact)(batch), expected, atol=1e-5 * np.abs(expected).max())


def test_version_without_gradient_graph_gets_saliency(trained: Detector) -> None:
    trained.artifact.path("model.keras").unlink()
    scan = make_scan(1)
    assert trained.saliency(scan) is None
    saliency = trained.saliency(scan, gradient_from_onnx(trained.artifact))
    assert saliency is not None
    assert saliency.shape == (scan.height, scan.width)
    assert 0.9 < saliency.max() <= 1.0


def test_altered_model_is_rejected(trained: Detector) -> None:
    path = trained.artifact.path("model.onnx")
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactError, match="hash differs"):
        gradient_from_onnx(trained.artifact)
