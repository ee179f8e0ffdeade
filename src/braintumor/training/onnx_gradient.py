"""The gradient of a version that keeps no gradient graph, made from the graph that serves it."""

import onnxruntime

from braintumor.inference.artifact_files import MODEL_FILE
from braintumor.inference.registry import Artifact
from braintumor.inference.saliency import GradientFunction, onnx_gradient
from braintumor.models.onnx_autodiff.graph import build_gradient_onnx


def gradient_from_onnx(artifact: Artifact) -> GradientFunction:
    """The gradient of the log-odds of tumour, by reverse mode over `model.onnx`; no network need be kept for it.

    Raises
    ------
    ArtifactError
        The graph is not the one the card describes.
    RecipeError
        It holds an operator whose gradient is not known.
    """
    graph = build_gradient_onnx(artifact.read_verified(MODEL_FILE), int16_weights=False)
    return onnx_gradient(onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]))
