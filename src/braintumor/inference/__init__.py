"""Detection with trained versions, using ONNX Runtime and numpy."""

from braintumor.inference.detection import Detection
from braintumor.inference.detector import Detector
from braintumor.inference.predict_image import predict_image
from braintumor.inference.registry import list_models, load_artifact

__all__ = ["Detection", "Detector", "list_models", "load_artifact", "predict_image"]
