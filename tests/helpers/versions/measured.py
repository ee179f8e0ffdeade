"""Adds to a tiny outputs folder what a version with a mask is measured on: localization, certainty and a study."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from braintumor.enums import CLASS_NAMES, TumorClass, Verdict
from braintumor.inference.model_card import read_card
from braintumor.settings import Settings

Entry = dict[str, float | int]
TUMORS = [name for name in CLASS_NAMES if name != TumorClass.NOTUMOR]


def entry(value: float, n: int = 40, groups: int = 12) -> Entry:
    """A metric with an interval around it."""
    return {"value": value, "low": 0.9 * value, "high": 1.1 * value, "n": n, "groups": groups}


def measure(settings: Settings, name: str = "v1") -> None:
    """Write all of it for a version."""
    folder = settings.outputs / name
    _change(folder / "evaluation.json", lambda report: {split: m | _entries() for split, m in report.items()})
    line = {"coverage": [0.0, 0.5, 1.0], "risk": [0.0, 0.02, 0.1]}
    curves = {"risk_coverage": {"classes": line, "tumor": line}}
    _change(folder / "curves.json", lambda found: {split: one | curves for split, one in found.items()})
    predictions = pd.read_csv(folder / "predictions.csv")
    ill = predictions["label"] != TumorClass.NOTUMOR
    spread = np.linspace(0.1, 0.9, len(predictions))
    predictions.assign(dice=np.where(ill, spread, np.nan)).to_csv(folder / "predictions.csv", index=False)
    model = read_card(name, settings).fingerprint
    stages = {stage: found | {"model": model} for stage, found in _stages().items()}
    (folder / "study.json").write_text(json.dumps({"stages": stages}), encoding="utf-8")


def _change(path: Path, change: Any) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


def _entries() -> dict[str, Entry]:
    found = {"dice": 0.75, "iou": 0.65, "pointing_game": 0.91, "activation_inside": 0.05, "outline_share": 0.02}
    found |= {f"dice/{name}": 0.5 + 0.1 * i for i, name in enumerate(TUMORS)}
    found |= {"dice@plane:axial": 0.71, "dice@size:small": 0.61, "aurc": 0.03, "aurc@of:tumor": 0.01}
    found |= {"risk@coverage:90": 0.06, "set_coverage": 0.94, "set_size": 1.2}
    found |= {f"set_coverage/{name}": 0.9 for name in CLASS_NAMES} | {f"set_size/{name}": 1.1 for name in CLASS_NAMES}
    shares = dict(zip(Verdict, (0.5, 0.3, 0.15, 0.05), strict=True))
    for verdict, share in shares.items():
        found |= {f"{kind}@verdict:{verdict}": share for kind in ("share", "tumors", "healthy", "error")}
    for part in ("plane:axial", "plane:coronal", "origin:phantom", "size:small", "size:large"):
        found |= {f"accuracy@{part}": 0.8, f"tumor_sensitivity@{part}": 0.9}
    return {name: entry(value) for name, value in found.items()}


def _stages() -> dict[str, dict[str, Any]]:
    outside = {
        "roc_auc": 0.91, "roc_auc@by:label": 0.89, "roc_auc@by:mask": 0.93, "called": 0.5, "called_or_uncertain": 0.88,
        "refused": 0.02, "tumor_sensitivity": 0.79, "tumor_specificity": 0.88, "false_alarms": 0.012,
    }  # fmt: skip
    novelty = {"roc_auc": 0.9, "roc_auc@kind:photograph": 0.9, "refused@kind:photograph": 0.77}
    novelty |= {"odd@kind:photograph": 0.88, "refused@kind:brain MRI": 0.01, "odd@kind:brain MRI": 0.03}
    steps = [0.9, 0.85, 0.8, 0.7, 0.6, 0.5]
    noise = {"strength": [None, 0.02, 0.05, 0.1, 0.15, 0.2], "accuracy": steps, "accuracy_low": steps}
    robust = {"accuracy": 0.9} | {f"accuracy@noise:{i}": value for i, value in enumerate(steps[1:], start=1)}
    sanity = {"map_agreement@randomized:100": 0.01, "deletion_gain": 0.1, "insertion_gain": 0.1}
    order = {"share": [0.0, 0.5, 1.0], "map": [0.9, 0.3, 0.1], "random": [0.9, 0.6, 0.1]}
    randomized = {"share": [0.0, 1.0], "map_agreement": [1.0, 0.01], "mask_agreement": [1.0, 0.02]}
    latency = {f"ms@stage:{stage}": 1.5 for stage in ("read", "standardize", "infer", "judge", "total")}
    latency |= {"ms@way:whole": 5.0, "ms@way:bare": 4.0, "ratio@way:bare": 1.25, "ratio@way:keras": 12.0}
    return {
        "outside": _stage(outside, facts={"yes": 155, "yes_new": 135, "clusters": 113}),
        "novelty": _stage(novelty, {"roc": {"false_alarms": [0.0, 1.0], "found": [0.5, 1.0]}}),
        "origin": _stage({"roc_auc@tell:sartaj": 0.8, "roc_auc@tell:sartaj@from:thumbnail": 0.7}),
        "robustness": _stage(robust, {"noise": noise}, {"units": {"noise": "share of the grey range"}}),
        "sanity": _stage(sanity, {"deletion": order, "insertion": order, "randomized": randomized}),
        "latency": _stage(latency, facts={"scans": 20, "cores": 2}),
    }


def _stage(metrics: dict[str, float], curves: Any = None, facts: Any = None) -> dict[str, Any]:
    entries = {name: entry(value) for name, value in metrics.items()}
    return {"metrics": entries, "curves": curves or {}, "facts": facts or {}}
