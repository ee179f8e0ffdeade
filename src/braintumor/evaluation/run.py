"""Evaluate a version: measure what is served on every split, and choose calibration and thresholds for its card."""

import json
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from braintumor.dataset.files import write_atomically
from braintumor.errors import DatasetError
from braintumor.evaluation.bootstrap import REPLICATES, intervals
from braintumor.evaluation.calibrate import calibrate
from braintumor.evaluation.metrics import confusion, metrics, reliability, scored_tasks
from braintumor.inference.detector import Detector
from braintumor.inference.verdict import decide, softmax, tumor_probability
from braintumor.settings import Settings, get_settings
from braintumor.training.card import read_card, recipe_of, update_card
from braintumor.training.data import TrainingData, load_training_data
from braintumor.vocabulary import CLASS_NAMES, TUMOR_INDICES, Protocol, Split

# A curve drawn through this many points looks the same as one through all of them.
_CURVE_POINTS: Final = 200


def evaluate(name: str, settings: Settings | None = None, replicates: int = REPLICATES) -> str:
    """Measure a version on train, validation and test, and write what was found beside its model.

    Predictions come from `model.onnx` through the detector's own code: what is measured is what is served. The
    temperature, thresholds and conformal quantile are chosen on the validation split and written into the card.

    Parameters
    ----------
    name : str
        Folder of the version in `outputs/`.
    replicates : int
        Bootstrap replicates for the intervals.

    Returns
    -------
    str
        A sentence with the test accuracy.

    Raises
    ------
    ArtifactError
        The version was not trained or exported.
    DatasetError
        The images are not there, or are not those it was trained on.
    """
    settings = settings or get_settings()
    card = read_card(name, settings)
    recipe = recipe_of(card)
    data = load_training_data(
        recipe.input.contract(), Protocol(card["protocol"]), settings, with_masks=recipe.mask is not None
    )
    if data.fingerprint() != card["data"]["fingerprint"]:
        raise DatasetError(
            f"{name} was trained on other images or another split than those at hand, so its numbers would not be "
            f"comparable. Restore outputs/dataset/manifest.csv, or train anew: braintumor train {name} --restart"
        )
    detector = Detector.load(name, settings)
    outputs = detector.infer_all(data.frames)
    calibrate(name, data, outputs, detector, settings)
    detector = Detector.load(name, settings)
    logits = detector.artifact.card.fusion.logits(outputs)
    report, curves = {}, {}
    calibrated = detector.probabilities(outputs)
    for split in Split:
        rows = data.rows(split)
        part = data.labels[rows], softmax(logits[rows]), calibrated[rows]
        report[str(split)] = _with_intervals(*part, data.manifest["group"].to_numpy()[rows], replicates)
        curves[str(split)] = _curves(*part)
    folder = settings.outputs / name
    write_atomically(folder / "evaluation.json", json.dumps(report, indent=1) + "\n")
    write_atomically(folder / "curves.json", json.dumps(curves) + "\n")
    table = _predictions(data, calibrated, detector)
    write_atomically(folder / "predictions.csv", table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    update_card(name, settings)
    return _sentence(name, report)


def _with_intervals(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    calibrated: NDArray[np.float64],
    groups: NDArray[np.object_],
    replicates: int,
) -> dict[str, dict[str, float | None]]:
    """Every metric as value, low, high, n (images it is computed over) and groups (independent ones among them)."""
    values = metrics(labels, probabilities, calibrated)
    bounds = intervals(lambda weights: metrics(labels, probabilities, calibrated, weights), groups, labels, replicates)
    result = {}
    for metric, value in values.items():
        counted = _counted(metric, labels, probabilities)
        low, high = bounds[metric]
        result[metric] = {
            "value": _plain(value),
            "low": _plain(low),
            "high": _plain(high),
            "n": int(counted.sum()),
            "groups": len(set(groups[counted])),
        }
    return result


def _counted(metric: str, labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which images a metric is a share of: those of a class for recall, those called one for precision, else all."""
    kind, _, label = metric.partition("/")
    is_tumor = np.isin(labels, TUMOR_INDICES)
    chosen: dict[str, NDArray[np.bool_]] = {"tumor_sensitivity": is_tumor, "tumor_specificity": ~is_tumor}
    if kind == "recall":
        return np.asarray(labels == CLASS_NAMES.index(label))
    if kind == "precision":
        return np.asarray(probabilities.argmax(axis=1) == CLASS_NAMES.index(label))
    return chosen.get(kind, np.ones(len(labels), bool))


def _curves(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], calibrated: NDArray[np.float64]
) -> dict[str, Any]:
    roc, pr = {}, {}
    for name, (truth, score) in scored_tasks(labels, calibrated).items():
        if not truth.any() or truth.all():
            continue
        false, true, _ = roc_curve(truth, score)
        precision, recall, _ = precision_recall_curve(truth, score)
        roc[name] = {"fpr": _thinned(false), "tpr": _thinned(true)}
        pr[name] = {"recall": _thinned(recall[::-1]), "precision": _thinned(precision[::-1])}
    table = confusion(labels, probabilities.argmax(axis=1)).astype(int).tolist()
    return {"confusion": table, "roc": roc, "pr": pr, "reliability": reliability(labels, calibrated)}


def _thinned(values: NDArray[np.float64]) -> list[float]:
    kept = np.unique(np.linspace(0, len(values) - 1, min(_CURVE_POINTS, len(values))).astype(int))
    return [round(float(v), 5) for v in values[kept]]


def _predictions(data: TrainingData, calibrated: NDArray[np.float64], detector: Detector) -> pd.DataFrame:
    tumor = tumor_probability(calibrated)
    table = data.manifest[["path", "split", "group", "label"]].reset_index(drop=True)
    table["predicted"] = [CLASS_NAMES[i] for i in calibrated.argmax(axis=1)]
    for i, name in enumerate(CLASS_NAMES):
        table[f"p_{name}"] = calibrated[:, i]
    thresholds = detector.artifact.card.thresholds
    return table.assign(tumor_probability=tumor, verdict=[str(decide(float(p), thresholds)[0]) for p in tumor])


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _sentence(name: str, report: dict[str, Any]) -> str:
    found = report[str(Split.TEST)]["accuracy"]
    return (
        f"{name}: accuracy {found['value']:.1%} on the test split (95% interval {found['low']:.1%} to "
        f"{found['high']:.1%}; {found['n']} images of {found['groups']} groups)."
    )
