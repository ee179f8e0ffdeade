"""A trained version on ONNX Runtime: artifact, detector, verdict."""

from braintumor.inference.artifact import Artifact, Card, load_artifact, versions
from braintumor.inference.detection import Detection
from braintumor.inference.detector import Detector
from braintumor.inference.kept import predict_image
from braintumor.inference.neighbours import Neighbour

__all__ = [
    "Artifact", "Card", "Detection", "Detector", "Neighbour", "load_artifact", "predict_image", "versions",
]  # fmt: skip
