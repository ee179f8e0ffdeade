"""A trained version on ONNX Runtime: artifact, detector, verdict."""

from braintumor.inference.artifact import Artifact, Card, load_artifact, versions
from braintumor.inference.detection import Detection
from braintumor.inference.detector import Detector

__all__ = ["Artifact", "Card", "Detection", "Detector", "load_artifact", "versions"]
