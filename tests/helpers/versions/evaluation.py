"""Metrics and curves of a few predictions in plain NumPy, for tests that need evaluation files only."""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, CLASSES, TumorClass

Entry = dict[str, float | int]


def correct_some_predictions(predictions: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Correct a share of the wrong predictions."""
    corrected = predictions.copy()
    wrong = corrected.index[corrected["predicted"] != corrected["label"]]
    rows = np.random.default_rng(seed).choice(wrong, size=int(share * len(wrong)), replace=False)
    corrected.loc[rows, "predicted"] = corrected.loc[rows, "label"]
    return corrected


def _entry(value: float, n: int, groups: int) -> Entry:
    """Return a share with its Wilson interval over groups."""
    count, z = max(groups, 1), 1.96
    middle = (value + z * z / (2 * count)) / (1 + z * z / count)
    margin = z * math.sqrt(max(value * (1 - value), 0) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return {"value": value, "low": max(0.0, middle - margin), "high": middle + margin, "n": n, "groups": groups}


def metrics(rows: pd.DataFrame) -> dict[str, Entry]:
    """Compute the metrics of one split under their names in `evaluation.json`."""
    groups = int(rows["group"].nunique())
    truth, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
    is_tumor, flagged = truth != TumorClass.NOTUMOR, predicted != TumorClass.NOTUMOR
    probabilities = rows[[f"p_{c}" for c in CLASSES]].to_numpy()
    true_class = probabilities[np.arange(len(rows)), [CLASS_NAMES.index(label) for label in truth]]
    loss = float(-np.log(np.clip(true_class, 1e-9, 1)).mean())
    values = {
        "accuracy": float((truth == predicted).mean()),
        "tumor_sensitivity": float(flagged[is_tumor].mean()),
        "tumor_specificity": float((~flagged[~is_tumor]).mean()),
        "roc_auc": _area(*_roc(is_tumor, rows["tumor_probability"].to_numpy())),
        "ece": float(abs(probabilities.max(axis=1).mean() - (truth == predicted).mean())),
    }
    for label in CLASS_NAMES:
        hits = int(((truth == label) & (predicted == label)).sum())
        precision = hits / max(int((predicted == label).sum()), 1)
        recall = hits / max(int((truth == label).sum()), 1)
        values[f"precision/{label}"], values[f"recall/{label}"] = precision, recall
        values[f"f1/{label}"] = 2 * precision * recall / max(precision + recall, 1e-9)
    values["macro_f1"] = float(np.mean([values[f"f1/{label}"] for label in CLASS_NAMES]))
    entries = {name: _entry(value, len(rows), groups) for name, value in values.items()}
    entries["loss"] = {"value": loss, "low": 0.8 * loss, "high": 1.2 * loss, "n": len(rows), "groups": groups}
    return entries


def curves(rows: pd.DataFrame) -> dict[str, Any]:
    """Compute confusion matrix, ROC, precision-recall and reliability of one split."""
    truth, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
    scores = {c: rows[f"p_{c}"].to_numpy() for c in CLASS_NAMES}
    tasks = {"tumor": (truth != TumorClass.NOTUMOR, rows["tumor_probability"].to_numpy())}
    tasks |= {c: (truth == c, scores[c]) for c in CLASS_NAMES}
    top = np.stack(list(scores.values())).max(axis=0)
    bins = np.minimum((top * 10).astype(int), 9)
    filled = np.unique(bins)
    return {
        "confusion": [[int(((truth == a) & (predicted == b)).sum()) for b in CLASS_NAMES] for a in CLASS_NAMES],
        "roc": {n: dict(zip(("fpr", "tpr"), map(list, _roc(*task)), strict=True)) for n, task in tasks.items()},
        "pr": {n: dict(zip(("recall", "precision"), map(list, _pr(*task)), strict=True)) for n, task in tasks.items()},
        "reliability": {
            "confidence": [float(top[bins == b].mean()) for b in filled],
            "accuracy": [float((truth == predicted)[bins == b].mean()) for b in filled],
            "count": [int((bins == b).sum()) for b in filled],
        },
    }


def _ranked(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    order = np.argsort(-score, kind="stable")
    return np.cumsum(positive[order]), np.cumsum(~positive[order])


def _roc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    true_positives, false_positives = _ranked(positive, score)
    return np.r_[0, false_positives / max(false_positives[-1], 1)], np.r_[
        0, true_positives / max(true_positives[-1], 1)
    ]


def _pr(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    true_positives, false_positives = _ranked(positive, score)
    return true_positives / max(true_positives[-1], 1), true_positives / (true_positives + false_positives)


def _area(x: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.trapezoid(y, x))
