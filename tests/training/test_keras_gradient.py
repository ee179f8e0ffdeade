"""The gradient by automatic differentiation: that of the gradient graph, and a sentence where there is no network."""

import numpy as np
import onnxruntime
import pytest

from braintumor.errors import ArtifactError
from braintumor.inference import Detector
from braintumor.models.gradient import gradient_graph
from braintumor.settings import Settings
from braintumor.training.keras_gradient import keras_gradient
from tests.reporting.entries import drawn
from tests.support.model import CONTRACT
from tests.support.trained import write_trained_version


@pytest.fixture
def trained(workspace: Settings) -> Detector:
    """A version with its network and no gradient graph."""
    write_trained_version(workspace.outputs)
    return Detector.load("v1", workspace)


def test_it_is_that_of_the_gradient_graph(trained: Detector) -> None:
    graph = onnxruntime.InferenceSession(gradient_graph(trained.artifact.verified("model.onnx")))
    batch = np.random.default_rng(0).random((1, CONTRACT.height, CONTRACT.width, CONTRACT.channels), np.float32)
    expected = graph.run(None, {graph.get_inputs()[0].name: batch})[0]
    found = keras_gradient(trained.artifact)(batch)
    assert np.abs(expected).max() > 0
    assert np.allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_with_it_a_version_without_a_gradient_graph_has_saliency(trained: Detector) -> None:
    scan = drawn(1)
    assert trained.saliency(scan) is None
    found = trained.saliency(scan, keras_gradient(trained.artifact))
    assert found is not None
    assert found.shape == (scan.height, scan.width)
    assert 0.9 < found.max() <= 1.0


def test_an_altered_or_absent_network_is_refused(trained: Detector) -> None:
    path = trained.artifact.path("model.keras")
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactError, match="hash differs"):
        keras_gradient(trained.artifact)
    path.unlink()
    with pytest.raises(ArtifactError, match=r"keeps neither a gradient graph nor model\.keras.*braintumor train v1"):
        keras_gradient(trained.artifact)
