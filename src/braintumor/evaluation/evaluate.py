"""Evaluate a version: measure what is served on every split, and choose calibration and thresholds for its card."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.masks import masks_folder
from braintumor.enums import CLASS_NAMES, HOLDOUT_SPLIT, TUMOR_LABEL, Protocol, Split, TumorClass
from braintumor.errors import DatasetError
from braintumor.evaluation.calibration.fit import calibrate, select_tta_views
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.scoring import SplitPredictions, score_binary, score_multiclass
from braintumor.fileio import write_atomically
from braintumor.inference.decision import decide_verdict, predicted_class, tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.outputs import Outputs
from braintumor.results.study import EXTERNAL_SPLIT, read_external_split
from braintumor.settings import Settings, get_settings
from braintumor.training.card_draft import read_card, recipe_from_card, update_card
from braintumor.training.data import TrainingData, load_data

Verdicts = NDArray[np.object_]


def evaluate(
    name: str, settings: Settings | None = None, replicates: int = REPLICATES, *, skip_train_split: bool = False
) -> str:
    """Measure a version on train, validation and test, and write what was found beside its model.

    Predictions come from `model.onnx` through the detector's own code: what is measured is what is served. The
    temperature, thresholds and conformal quantiles are chosen on the validation split and written into the card. The
    split `outside`, which `braintumor study` measures, is kept where it is still of this model.

    Parameters
    ----------
    name : str
        Folder of the version in `outputs/`.
    replicates : int
        Bootstrap replicates for the intervals.
    held_out : bool
        Leave the training scans out, which are most: for a network that takes long. It then has no known scans to
        show beside a new one.

    Returns
    -------
    str
        A sentence with the test accuracy.

    Raises
    ------
    ArtifactError
        The version was not trained or exported.
    DatasetError
        The images are not there, are not those it was trained on, or the training scans cannot be left out.
    """
    settings = settings or get_settings()
    data = load_evaluation_data(name, settings)
    if skip_train_split:
        data = data.select(np.flatnonzero((data.manifest["split"] != str(Split.TRAIN)).to_numpy()))
    detector = Detector.load(name, settings)
    select_tta_views(name, data, detector, settings)
    detector = Detector.load(name, settings)
    outputs = detector.infer_all(data.model_inputs)
    calibrate(name, data, outputs, detector, settings)
    detector = Detector.load(name, settings)
    calibrated = detector.probabilities(outputs)
    verdicts = verdicts_of(detector, outputs, calibrated, data.model_inputs)
    report: dict[str, Any] = {}
    curves = {}
    scoring = score_multiclass if detector.artifact.card.binary_threshold is None else score_binary
    for split in (*Split, HOLDOUT_SPLIT) if len(data.split_rows(HOLDOUT_SPLIT)) else Split:
        part = select_split(data, data.split_rows(split), outputs, calibrated, verdicts)
        if len(part.labels):
            report[str(split)], curves[str(split)] = scoring(part, detector.artifact.card, replicates)
    if outside := read_external_split(detector.artifact):
        report[EXTERNAL_SPLIT] = outside
    folder = settings.outputs / name
    write_atomically(folder / "evaluation.json", json.dumps(report, indent=1) + "\n")
    write_atomically(folder / "curves.json", json.dumps(curves) + "\n")
    table = _predictions_table(data, outputs, calibrated, verdicts, detector)
    write_atomically(folder / "predictions.csv", table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    update_card(name, settings)
    return _summarize_accuracy(name, report)


def load_evaluation_data(name: str, settings: Settings) -> TrainingData:
    """The frames a version was trained and is judged on, with outlines where they are needed or at hand.

    Raises
    ------
    DatasetError
        They are not those it was trained on.
    """
    card = read_card(name, settings)
    recipe = recipe_from_card(card)
    outlined = recipe.mask is not None or masks_folder(settings).is_dir()
    data = load_data(recipe, Protocol(card["protocol"]), settings, with_masks=outlined)
    if data.fingerprint() != card["data"]["fingerprint"]:
        raise DatasetError(
            f"{name} was trained on other images or another split than those at hand, so its numbers would not be "
            f"comparable. Restore outputs/dataset/manifest.csv, or train anew: braintumor train {name} --restart"
        )
    return data


def verdicts_of(
    detector: Detector, outputs: Outputs, calibrated: NDArray[np.float64], model_inputs: NDArray[np.uint8]
) -> Verdicts:
    """The verdict on every frame, as the detector would give it."""
    thresholds, strange = detector.artifact.card.thresholds, detector.ood_scores(outputs, model_inputs)
    found = zip(tumor_probability(calibrated), strange, strict=True)
    return np.array([decide_verdict(float(p), thresholds, s)[0] for p, s in found], object)


def select_split(
    data: TrainingData, rows: NDArray[np.int64], outputs: Outputs, calibrated: NDArray[np.float64], verdicts: Verdicts
) -> SplitPredictions:
    """Some rows of the data with what was said of them."""
    masks = None if data.masks is None else data.masks[rows]
    manifest = data.manifest.iloc[rows]
    return SplitPredictions(manifest, data.labels[rows], outputs.select(rows), calibrated[rows], verdicts[rows], masks)


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
    names = (
        CLASS_NAMES
        if binary_threshold is None
        else [c if c == TumorClass.NOTUMOR else TUMOR_LABEL for c in CLASS_NAMES]
    )
    return [str(names[i]) for i in predicted_class(calibrated, binary_threshold)]


def _summarize_accuracy(name: str, report: dict[str, Any]) -> str:
    found = report[str(Split.TEST)]["accuracy"]
    return (
        f"{name}: accuracy {found['value']:.1%} on the test split (95% interval {found['low']:.1%} to "
        f"{found['high']:.1%}; {found['n']} images of {found['groups']} groups)."
    )
