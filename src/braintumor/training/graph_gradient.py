"""The gradient of a version that keeps no gradient graph, made from the graph that serves it."""

import onnxruntime

from braintumor.inference.artifact import MODEL, Artifact
from braintumor.inference.saliency import Gradient, gradient_by
from braintumor.models.gradient import gradient_graph


def graph_gradient(artifact: Artifact) -> Gradient:
    """The gradient of the log-odds of tumour, by reverse mode over `model.onnx`; no network need be kept for it.

    Raises
    ------
    ArtifactError
        The graph is not the one the card describes.
    RecipeError
        It holds an operator whose gradient is not known.
    """
    graph = gradient_graph(artifact.verified(MODEL), short=False)
    return gradient_by(onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]))
