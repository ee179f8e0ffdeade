"""Views: whether an answer is averaged with that on the mirrored scan, decided on the validation split."""

import numpy as np

from braintumor.evaluation.calibration import fit_temperature
from braintumor.inference.detector import Detector
from braintumor.inference.verdict import softmax
from braintumor.settings import Settings
from braintumor.training.card import update_card
from braintumor.training.data import TrainingData
from braintumor.vocabulary import Split


def select_tta_views(name: str, data: TrainingData, detector: Detector, settings: Settings) -> None:
    """Write into the card how many views an answer takes: those under which the validation labels are likelier.

    Each is tried at its own best temperature. Versions without a mask keep the one view they were trained to answer
    from: their maps cover the frame unevenly and cannot be turned over.
    """
    rows = data.split_rows(Split.VALIDATION)
    labels, losses = data.labels[rows], {}
    for views in (1, 2):
        outputs = detector.infer_all(data.model_inputs[rows], tta_views=views)
        if outputs.mask is None:
            return
        probabilities = softmax(outputs.logits, fit_temperature(outputs.logits, labels))
        losses[views] = float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)).mean())
    count = min(losses, key=lambda views: losses[views])
    said = {str(views): round(loss, 5) for views, loss in losses.items()}
    update_card(name, settings, views={"count": count, "validation_loss": said, "n": len(rows)})
