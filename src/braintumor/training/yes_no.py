"""Training data of the yes/no set: tumour or not, with no kind and no masks."""

import numpy as np

from braintumor.dataset.sets import BINARY_SET
from braintumor.dataset.yes_no import load_binary_manifest
from braintumor.imaging import InputSpec
from braintumor.settings import Settings, get_settings
from braintumor.training.data import COMPARISON_SEED, TrainingData
from braintumor.training.frames import load_model_inputs
from braintumor.vocabulary import CLASS_NAMES, UNKNOWN_TYPE_INDEX, Protocol


def load_binary_data(input_spec: InputSpec, protocol: Protocol, settings: Settings | None = None) -> TrainingData:
    """Read (or make) the frames of the yes/no set and deal them by the protocol, always in the same way.

    Labels are indices into the fixed class order for pictures without a tumour and `UNKNOWN_KIND` for those with one.

    Raises
    ------
    DatasetError
        The set is not there, or the protocol is `official`, which it has not.
    """
    settings = settings or get_settings()
    manifest = load_binary_manifest(protocol, settings, COMPARISON_SEED)
    numbers = {label: number for number, label in enumerate(CLASS_NAMES)}
    labels = np.array([numbers.get(label, UNKNOWN_TYPE_INDEX) for label in manifest["label"]], np.int64)
    return TrainingData(manifest, load_model_inputs(manifest, input_spec, settings, BINARY_SET), labels)
