"""Saliency gradient of a model that has no `saliency.onnx`, computed from its `model.onnx`."""

import onnxruntime

from braintumor.inference.model_card import MODEL_FILE
from braintumor.inference.registry import Artifact
from braintumor.inference.saliency import GradientFunction, onnx_gradient
from braintumor.models.onnx_autodiff.graph import build_gradient_onnx


def gradient_from_onnx(artifact: Artifact) -> GradientFunction:
    """Return the gradient of the tumour log-odds by reverse-mode differentiation of `model.onnx`.

    Raises
    ------
    ArtifactError
        The model file does not match the hash in the card.
    RecipeError
        The model has an operator without a gradient rule.
    """
    graph = build_gradient_onnx(artifact.read_verified(MODEL_FILE), int16_weights=False)
    return onnx_gradient(onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]))
