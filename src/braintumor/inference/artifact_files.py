"""Names of the files in the folder of a trained version."""

from typing import Final

CARD_FILE: Final = "card.json"
MODEL_FILE: Final = "model.onnx"
KERAS_FILE: Final = "model.keras"
EVALUATION_FILE: Final = "evaluation.json"
# Optional files.
SALIENCY_FILE: Final = "saliency.onnx"
SIMILAR_SCANS_FILE: Final = "similar_scans.npz"
OOD_REFERENCE_FILE: Final = "ood_reference.csv"
LITERT_FILE: Final = "model.tflite"  # smaller variants, for other runtimes
INT8_FILE: Final = "model.int8.onnx"

# Files whose hashes are in the card, in the card's order.
HASHED_FILES: Final = (
    MODEL_FILE,
    SALIENCY_FILE,
    LITERT_FILE,
    INT8_FILE,
    SIMILAR_SCANS_FILE,
    KERAS_FILE,
    "history.csv",
    EVALUATION_FILE,
    "curves.json",
    "predictions.csv",
    OOD_REFERENCE_FILE,
    "study.json",
)
