"""Training data of the yes/no set: tumour or not, with no kind and no masks."""

import numpy as np

from braintumor.dataset.sets import YES_NO
from braintumor.dataset.yes_no import yes_no_manifest
from braintumor.imaging import InputContract
from braintumor.settings import Settings, get_settings
from braintumor.training.data import COMPARISON_SEED, TrainingData
from braintumor.training.frames import load_frames
from braintumor.vocabulary import CLASS_NAMES, UNKNOWN_KIND, Protocol


def load_yes_no(contract: InputContract, protocol: Protocol, settings: Settings | None = None) -> TrainingData:
    """Read (or make) the frames of the yes/no set and deal them by the protocol, always in the same way.

    Labels are indices into the fixed class order for pictures without a tumour and `UNKNOWN_KIND` for those with one.

    Raises
    ------
    DatasetError
        The set is not there, or the protocol is `official`, which it has not.
    """
    settings = settings or get_settings()
    manifest = yes_no_manifest(protocol, settings, COMPARISON_SEED)
    numbers = {label: number for number, label in enumerate(CLASS_NAMES)}
    labels = np.array([numbers.get(label, UNKNOWN_KIND) for label in manifest["label"]], np.int64)
    return TrainingData(manifest, load_frames(manifest, contract, settings, YES_NO), labels)
