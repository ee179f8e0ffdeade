"""A trained version on ONNX Runtime: artifact, detector, verdict."""

from braintumor.inference.detection import Detection
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import ModelCard
from braintumor.inference.predict_image import predict_image
from braintumor.inference.registry import Artifact, list_models, load_artifact
from braintumor.inference.retrieval import SimilarScan

__all__ = [
    "Artifact",
    "Detection",
    "Detector",
    "ModelCard",
    "SimilarScan",
    "list_models",
    "load_artifact",
    "predict_image",
]  # fmt: skip
