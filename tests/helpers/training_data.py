"""Training data made of phantoms in memory: frames, masks and splits, with nothing written to disk."""

import hashlib

import numpy as np
import pandas as pd

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, Split
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.training.data import TrainingData

# Of twelve patients of a class, so many are dealt to each split.
_DEALT = (*[Split.TRAIN] * 6, *[Split.VALIDATION] * 3, *[Split.TEST] * 3)


def phantom_data(contract: InputSpec, per_class: int = 24, first_seed: int = 300) -> TrainingData:
    """Phantoms of every class, each a patient of its own, dealt to the three splits."""
    rows, frames, masks = [], [], []
    for number, label in enumerate(CLASSES):
        for patient in range(per_class):
            phantom = make_phantom(label, first_seed + patient, 160)
            frame, geometry = preprocess(read_scan(phantom.pixels), contract)
            frames.append(frame)
            masks.append(geometry.mask_to_input(phantom.mask).astype(np.uint8))
            rows.append(
                {"path": f"{label}/{patient}.png", "sha256": hashlib.sha256(frame.tobytes()).hexdigest(),
                 "label": str(label), "plane": str(phantom.plane), "group": f"{label}-{patient}",
                 "origin": "phantom", "split": str(_DEALT[patient % len(_DEALT)]), "number": number}
            )  # fmt: skip
    manifest = pd.DataFrame(rows)
    labels = manifest.pop("number").to_numpy(np.int64)
    return TrainingData(manifest, np.stack(frames), labels, np.stack(masks), np.ones(len(labels), bool))
