"""Measures of a few predictions in plain numpy: stands in for the evaluation room where tests need its files only."""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, CLASSES, TumorClass

Entry = dict[str, float | int]


def flattered(predictions: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The predictions with a share of the mistakes put right."""
    better = predictions.copy()
    wrong = better.index[better["predicted"] != better["label"]]
    righted = np.random.default_rng(seed).choice(wrong, size=int(share * len(wrong)), replace=False)
    better.loc[righted, "predicted"] = better.loc[righted, "label"]
    return better


def _entry(value: float, n: int, groups: int) -> Entry:
    """A share with its Wilson interval over groups."""
    count, z = max(groups, 1), 1.96
    middle = (value + z * z / (2 * count)) / (1 + z * z / count)
    reach = z * math.sqrt(max(value * (1 - value), 0) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return {"value": value, "low": max(0.0, middle - reach), "high": middle + reach, "n": n, "groups": groups}


def metrics(part: pd.DataFrame) -> dict[str, Entry]:
    """Metrics of one split, by the names of the evaluation contract."""
    groups = int(part["group"].nunique())
    truth, guess = part["label"].to_numpy(), part["predicted"].to_numpy()
    ill, called = truth != TumorClass.NOTUMOR, guess != TumorClass.NOTUMOR
    probabilities = part[[f"p_{c}" for c in CLASSES]].to_numpy()
    own = probabilities[np.arange(len(part)), [CLASS_NAMES.index(label) for label in truth]]
    loss = float(-np.log(np.clip(own, 1e-9, 1)).mean())
    values = {
        "accuracy": float((truth == guess).mean()),
        "tumor_sensitivity": float(called[ill].mean()),
        "tumor_specificity": float((~called[~ill]).mean()),
        "roc_auc": _area(*_roc(ill, part["tumor_probability"].to_numpy())),
        "ece": float(abs(probabilities.max(axis=1).mean() - (truth == guess).mean())),
    }
    for label in CLASS_NAMES:
        right = int(((truth == label) & (guess == label)).sum())
        precision = right / max(int((guess == label).sum()), 1)
        recall = right / max(int((truth == label).sum()), 1)
        values[f"precision/{label}"], values[f"recall/{label}"] = precision, recall
        values[f"f1/{label}"] = 2 * precision * recall / max(precision + recall, 1e-9)
    values["macro_f1"] = float(np.mean([values[f"f1/{label}"] for label in CLASS_NAMES]))
    entries = {name: _entry(value, len(part), groups) for name, value in values.items()}
    entries["loss"] = {"value": loss, "low": 0.8 * loss, "high": 1.2 * loss, "n": len(part), "groups": groups}
    return entries


def curves(part: pd.DataFrame) -> dict[str, Any]:
    """Confusion matrix, ROC, precision-recall and reliability of one split."""
    truth, guess = part["label"].to_numpy(), part["predicted"].to_numpy()
    scores = {c: part[f"p_{c}"].to_numpy() for c in CLASS_NAMES}
    cases = {"tumor": (truth != TumorClass.NOTUMOR, part["tumor_probability"].to_numpy())}
    cases |= {c: (truth == c, scores[c]) for c in CLASS_NAMES}
    top = np.stack(list(scores.values())).max(axis=0)
    bins = np.minimum((top * 10).astype(int), 9)
    filled = np.unique(bins)
    return {
        "confusion": [[int(((truth == a) & (guess == b)).sum()) for b in CLASS_NAMES] for a in CLASS_NAMES],
        "roc": {n: dict(zip(("fpr", "tpr"), map(list, _roc(*case)), strict=True)) for n, case in cases.items()},
        "pr": {n: dict(zip(("recall", "precision"), map(list, _pr(*case)), strict=True)) for n, case in cases.items()},
        "reliability": {
            "confidence": [float(top[bins == b].mean()) for b in filled],
            "accuracy": [float((truth == guess)[bins == b].mean()) for b in filled],
            "count": [int((bins == b).sum()) for b in filled],
        },
    }


def _ranked(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    order = np.argsort(-score, kind="stable")
    return np.cumsum(positive[order]), np.cumsum(~positive[order])


def _roc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    hits, alarms = _ranked(positive, score)
    return np.r_[0, alarms / max(alarms[-1], 1)], np.r_[0, hits / max(hits[-1], 1)]


def _pr(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    hits, alarms = _ranked(positive, score)
    return hits / max(hits[-1], 1), hits / (hits + alarms)


def _area(x: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.trapezoid(y, x))
