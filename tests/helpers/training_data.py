"""Training data of phantoms in memory: images, masks and splits, without files."""

import hashlib

import numpy as np
import pandas as pd

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, Split
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.models.recipe import FitRecipe, InputRecipe, MaskRecipe, Recipe
from braintumor.training.inputs.data import TrainingData

# Splits of twelve consecutive patients of a class.
_PATIENT_SPLITS = (*[Split.TRAIN] * 6, *[Split.VALIDATION] * 3, *[Split.TEST] * 3)

# A recipe that trains on all sets.
ALL_SETS_RECIPE = Recipe(
    title="all sets",
    data="all",
    architecture="tiny",
    seed=0,
    input=InputRecipe(height=64, width=64, channels=1),
    fit=FitRecipe(learning_rate=0.1, epochs=1),
    mask=MaskRecipe(),
)


def phantom_data(input_spec: InputSpec, per_class: int = 24, first_seed: int = 300) -> TrainingData:
    """Make phantoms of every class, each of its own patient, and assign them to the three splits."""
    rows, images, masks = [], [], []
    for number, label in enumerate(CLASSES):
        for patient in range(per_class):
            phantom = make_phantom(label, first_seed + patient, 160)
            image, geometry = preprocess(read_scan(phantom.pixels), input_spec)
            images.append(image)
            masks.append(geometry.mask_to_input(phantom.mask).astype(np.uint8))
            row = {
                "path": f"{label}/{patient}.png",
                "sha256": hashlib.sha256(image.tobytes()).hexdigest(),
                "label": str(label),
                "plane": str(phantom.plane),
                "group": f"{label}-{patient}",
                "origin": "phantom",
                "split": str(_PATIENT_SPLITS[patient % len(_PATIENT_SPLITS)]),
                "number": number,
            }
            rows.append(row)
    manifest = pd.DataFrame(rows)
    labels = manifest.pop("number").to_numpy(np.int64)
    return TrainingData(manifest, np.stack(images), labels, np.stack(masks), np.ones(len(labels), bool))
