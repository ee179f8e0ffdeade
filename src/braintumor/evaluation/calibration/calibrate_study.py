"""Fit the rule for whole studies to the validation patients of a model, and write it to its model card."""

import numpy as np

from braintumor.enums import Split
from braintumor.evaluation.calibration.fit_study import fit_study_rule
from braintumor.evaluation.study.labelled import make_studies
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import update_card
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData


def calibrate_study(name: str, data: TrainingData, outputs: Outputs, detector: Detector, settings: Settings) -> None:
    """Write the section `study` of a card; nothing for a model that was not trained on all sets.

    Without the external sets there are no tumour-free studies.

    Parameters
    ----------
    outputs : Outputs
        Of all images of `data`, in their order.
    """
    if "patient_split" not in data.manifest:
        return
    rows = np.flatnonzero((data.manifest["patient_split"] == str(Split.VALIDATION)).to_numpy())
    outputs, model_inputs = outputs.select(rows), data.model_inputs[rows]
    probabilities = detector.probabilities(outputs)
    verdicts = detector.verdicts(outputs, probabilities, model_inputs)
    studies = make_studies(data.manifest.iloc[rows], probabilities, verdicts)
    if len({study.has_tumor for study in studies}) == 2:
        update_card(name, settings, study=fit_study_rule(studies).rule.to_dict())
