"""Evaluate a model on every split as it is served, and fit its calibration and thresholds."""

import json
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, EXTERNAL_SPLIT, HOLDOUT_SPLIT, NO_TUMOR_INDEX, TUMOR_LABEL, Split, TumorClass
from braintumor.evaluation.calibration.calibrate import calibrate, select_tta_views
from braintumor.evaluation.calibration.calibrate_study import calibrate_study
from braintumor.evaluation.calibration.fit_ct import fit_ct_check
from braintumor.evaluation.calibration.fit_field import fit_field_check
from braintumor.evaluation.calibration.fit_turn import fit_turn_detection
from braintumor.evaluation.data import evaluated_rows, load_calibration_data, select_images, select_split
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.scoring import score_split
from braintumor.evaluation.source_folds.leave_one_source_out import write_leave_one_source_out
from braintumor.fileio import write_atomically
from braintumor.inference.decision import predicted_class, tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import EVALUATION_FILE, update_card
from braintumor.inference.outputs import Outputs
from braintumor.results.metric import parse_metric
from braintumor.results.stress_test import read_external_split
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.data import TrainingData

Verdicts = NDArray[np.object_]

CURVES_FILE: Final = "curves.json"
PREDICTIONS_FILE: Final = "predictions.csv"


def evaluate(
    name: str, settings: Settings | None = None, replicates: int = REPLICATES, *, skip_train_split: bool = False
) -> str:
    """Evaluate a model on the train, validation and test split, and write the results next to it.

    Predictions come from `model.onnx` through the detector, so the metrics describe what is served. Temperature,
    thresholds, conformal quantiles and the rule for studies are fitted on the validation split, and on what
    `braintumor train-folds` wrote, and written to the model card. The split `external`, measured by
    `braintumor stress-test`, is preserved if it was measured on the same model.

    Parameters
    ----------
    name : str
        Folder of the model in `outputs/`.
    replicates : int
        Number of bootstrap replicates for the intervals.
    skip_train_split : bool
        Skip the training scans, which are the majority. The model then has no similar scans to show.

    Returns
    -------
    str
        One line with the test accuracy.

    Raises
    ------
    ArtifactError
        The model was not trained or exported.
    DatasetError
        The images are missing, differ from the training images, or the training scans cannot be skipped.
    """
    settings = settings or get_settings()
    data = load_calibration_data(name, settings)
    if skip_train_split:
        data = data.select(np.flatnonzero((data.manifest["split"] != str(Split.TRAIN)).to_numpy()))
    detector = Detector.load(name, settings)
    select_tta_views(name, data, detector, settings)
    detector = Detector.load(name, settings)
    outputs = detector.infer_all(data.model_inputs)
    calibrate(name, data, outputs, detector, settings)
    fit_ct_check(name, data, outputs.features, settings, replicates)
    fit_field_check(name, data, outputs.features, settings, replicates)
    fit_turn_detection(name, data, settings, replicates)
    detector, rows = Detector.load(name, settings), evaluated_rows(data)
    calibrate_study(name, data, outputs, detector, settings)
    detector = Detector.load(name, settings)  # everything below belongs to the final card
    data, outputs = select_images(data, rows), outputs.select(rows)
    calibrated = detector.probabilities(outputs)
    verdicts = detector.verdicts(outputs, calibrated, data.model_inputs)
    report: dict[str, Any] = {}
    curves = {}
    for split in (*Split, HOLDOUT_SPLIT):
        predictions = select_split(data, data.split_rows(split), outputs, calibrated, verdicts)
        if len(predictions.labels):
            report[str(split)], curves[str(split)] = score_split(predictions, detector.artifact.card, replicates)
    if external := read_external_split(detector.artifact):
        report[EXTERNAL_SPLIT] = external
    folder = settings.outputs / name
    write_atomically(folder / EVALUATION_FILE, json.dumps(report, indent=1) + "\n")
    write_atomically(folder / CURVES_FILE, json.dumps(curves) + "\n")
    table = _predictions_table(data, outputs, calibrated, verdicts, detector)
    write_atomically(folder / PREDICTIONS_FILE, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    write_leave_one_source_out(name, detector, settings, replicates)
    update_card(name, settings)
    return _summarize_accuracy(name, report)


def _predictions_table(
    data: TrainingData, outputs: Outputs, calibrated: NDArray[np.float64], verdicts: Verdicts, detector: Detector
) -> pd.DataFrame:
    table = data.manifest[["path", "split", "group", "label"]].reset_index(drop=True)
    table["predicted"] = _predicted_labels(calibrated, detector.artifact.card.binary_threshold)
    for i, name in enumerate(CLASS_NAMES):
        table[f"p_{name}"] = calibrated[:, i]
    table = table.assign(tumor_probability=tumor_probability(calibrated), verdict=verdicts.astype(str))
    if data.masks is not None and outputs.mask is not None:
        table["dice"] = localization_metrics(replace(outputs, maps=None), data.masks, data.labels)["dice"]
    return table


def _predicted_labels(calibrated: NDArray[np.float64], binary_threshold: float | None) -> list[str]:
    predicted = predicted_class(calibrated, binary_threshold)
    if binary_threshold is None:
        return [CLASS_NAMES[i] for i in predicted]
    return [str(TumorClass.NOTUMOR) if i == NO_TUMOR_INDEX else TUMOR_LABEL for i in predicted]


def _summarize_accuracy(name: str, report: dict[str, Any]) -> str:
    accuracy = parse_metric(report[str(Split.TEST)]["accuracy"])
    return f"{name}: test accuracy {accuracy.describe() if accuracy else 'not defined'}."
