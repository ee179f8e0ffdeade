"""Adds the results of a version with a mask: localization, uncertainty, subgroups and stress tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from braintumor.enums import CLASS_NAMES, TumorClass, Verdict
from braintumor.inference.model_card import LEAVE_ONE_SOURCE_OUT_FILE, read_card
from braintumor.results.stress_test import SOURCES_CHECK, STUDIES_CHECK, read_checks, write_checks
from braintumor.settings import Settings

Entry = dict[str, float | int]
OTHER_SOURCES = {
    "predicted_tumor@plane:axial": 0.2, "predicted_tumor@plane:sagittal": 0.5, "false_alarms@plane:axial": 0.1,
    "false_alarms@plane:sagittal": 0.3, "false_alarms@source:lgg_other": 0.15,
    "predicted_tumor@source:lgg_other@plane:axial": 0.25, "false_alarms@source:lgg_other@plane:axial": 0.12,
    "rejected_tumor_free@source:lgg_other@plane:axial": 0.04, "predicted_tumor@condition:skull-stripped": 0.6,
    "false_alarms@label:other-lesion": 0.07, "predicted_tumor@label:other-lesion": 0.08,
    "tumor_sensitivity@sources:left-out": 0.9, "flagged@sources:left-out": 0.8, "ece@sources:left-out": 0.05,
    "set_coverage@sources:left-out": 0.93,
    "tumor_sensitivity@source:lgg_other@contrast:T1": 0.7, "roc_auc_within_patients@source:lgg_other@contrast:T1": 0.8,
    "roc_auc_within_patients@contrast:T1": 0.81, "tumor_sensitivity@source:yale_mets_t2": 0.66,
}  # fmt: skip
# Leave-one-source-out.
LEFT_OUT_SOURCES = {
    "tumor_sensitivity@source:lgg_other": 0.91, "flagged@source:lgg_other": 0.82, "rejected@source:lgg_other": 0.01,
    "set_coverage@source:lgg_other": 0.96, "set_coverage_tumor_free@source:lgg_other": 0.98,
    "predicted_tumor@source:lgg_other": 0.06, "false_alarms@source:lgg_other": 0.05,
    "rejected_tumor_free@source:lgg_other": 0.02, "roc_auc@source:lgg_other": 0.87,
    "roc_auc_within_patients@source:lgg_other": 0.81, "predicted_tumor@source:lgg_other@plane:axial": 0.07,
    "false_alarms@plane:axial": 0.05, "predicted_tumor@plane:axial": 0.06, "roc_auc@fold:1": 0.9, "roc_auc@fold:2": 0.8,
}  # fmt: skip
# Value, studies and patients.
STUDIES = {
    "tumors_suspected": (0.92, 107, 44), "tumors_ruled_out": (0.01, 107, 44),
    "tumor_free_suspected@extent:slices": (0.04, 57, 19), "tumor_free_ruled_out@extent:slices": (0.8, 57, 19),
    "tumor_free_suspected@extent:whole": (0.0, 1, 1), "tumor_free_ruled_out@extent:whole": (1.0, 1, 1),
    "tumors_suspected@source:lgg_other": (0.9, 64, 64),
}  # fmt: skip
TUMORS = [name for name in CLASS_NAMES if name != TumorClass.NOTUMOR]


def entry(value: float, n: int = 40, groups: int = 12) -> Entry:
    """Return a metric with an interval around it."""
    return {"value": value, "low": 0.9 * value, "high": 1.1 * value, "n": n, "groups": groups}


def measure(settings: Settings, name: str = "v1") -> None:
    """Write all results of a version."""
    folder = settings.outputs / name
    _change(folder / "evaluation.json", lambda report: {split: m | _entries() for split, m in report.items()})
    line = {"coverage": [0.0, 0.5, 1.0], "risk": [0.0, 0.02, 0.1]}
    curves = {"risk_coverage": {"classes": line, "tumor": line}}
    _change(folder / "curves.json", lambda splits: {split: old | curves for split, old in splits.items()})
    predictions = pd.read_csv(folder / "predictions.csv")
    has_tumor = predictions["label"] != TumorClass.NOTUMOR
    dice = np.linspace(0.1, 0.9, len(predictions))
    predictions.assign(dice=np.where(has_tumor, dice, np.nan)).to_csv(folder / "predictions.csv", index=False)
    model = read_card(name, settings).fingerprint
    checks = {name: check | {"model": model} for name, check in _checks().items()}
    (folder / "stress_test.json").write_text(json.dumps({"checks": checks}), encoding="utf-8")


def measure_other_sources(settings: Settings, name: str = "v1") -> None:
    """Add the stress test on other sources to `stress_test.json`, or write it."""
    check = _check(OTHER_SOURCES, facts={"sources": {"lgg_other": {"title": "TCGA-LGG", "left_out": True}}})
    checks = read_checks(settings.outputs / name)
    check["model"] = read_card(name, settings).fingerprint
    write_checks(settings.outputs / name, checks | {SOURCES_CHECK: check})


def measure_leave_one_source_out(settings: Settings, name: str = "v1") -> None:
    """Write scores of a source that was held out of training."""
    check = _check(LEFT_OUT_SOURCES, facts={"sources": {"lgg_other": {"title": "TCGA-LGG", "left_out": True}}})
    check["model"] = read_card(name, settings).fingerprint
    (settings.outputs / name / LEAVE_ONE_SOURCE_OUT_FILE).write_text(json.dumps(check), encoding="utf-8")


def measure_whole_studies(settings: Settings, name: str = "v1") -> None:
    """Add the stress test on whole studies to `stress_test.json`, or write it."""
    facts = {"sources": {"lgg_other": {"title": "TCGA-LGG", "left_out": True}}}
    metrics = {key: entry(value, n, groups) for key, (value, n, groups) in STUDIES.items()}
    check = {"metrics": metrics, "facts": facts, "model": read_card(name, settings).fingerprint}
    write_checks(settings.outputs / name, read_checks(settings.outputs / name) | {STUDIES_CHECK: check})


def _change(path: Path, change: Any) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


def _entries() -> dict[str, Entry]:
    values = {"dice": 0.75, "iou": 0.65, "pointing_game": 0.91, "activation_inside": 0.05, "outline_share": 0.02}
    values |= {f"dice/{name}": 0.5 + 0.1 * i for i, name in enumerate(TUMORS)}
    values |= {"dice@plane:axial": 0.71, "dice@size:small": 0.61, "aurc": 0.03, "aurc@of:tumor": 0.01}
    values |= {"risk@coverage:90": 0.06, "set_coverage": 0.94, "set_size": 1.2}
    values |= {f"set_coverage/{name}": 0.9 for name in CLASS_NAMES} | {f"set_size/{name}": 1.1 for name in CLASS_NAMES}
    shares = dict(zip(Verdict, (0.5, 0.3, 0.15, 0.05, 0.0), strict=True))
    for verdict, share in shares.items():
        values |= {f"{scans}@verdict:{verdict}": share for scans in ("share", "tumors", "tumor_free", "error")}
    for subgroup in ("plane:axial", "plane:coronal", "origin:phantom", "size:small", "size:large"):
        values |= {f"accuracy@{subgroup}": 0.8, f"tumor_sensitivity@{subgroup}": 0.9}
    return {name: entry(value) for name, value in values.items()}


def _checks() -> dict[str, dict[str, Any]]:
    external = {
        "roc_auc": 0.91, "roc_auc@by:label": 0.89, "roc_auc@by:mask": 0.93, "flagged": 0.5,
        "flagged_or_uncertain": 0.88, "rejected": 0.02, "tumor_sensitivity": 0.79, "tumor_specificity": 0.88,
        "false_alarms": 0.012,
    }  # fmt: skip
    ood = {"roc_auc": 0.9, "roc_auc@kind:photograph": 0.9, "rejected@kind:photograph": 0.77}
    ood |= {"uncertain@kind:photograph": 0.11, "rejected@kind:brain MRI": 0.01, "uncertain@kind:brain MRI": 0.02}
    ood |= {"rejected@resolution:64": 0.04, "uncertain@resolution:64": 0.3}
    accuracies = [0.9, 0.85, 0.8, 0.7, 0.6, 0.5]
    noise = {"strength": [None, 0.02, 0.05, 0.1, 0.15, 0.2], "accuracy": accuracies, "accuracy_low": accuracies}
    robustness = {"accuracy": 0.9} | {f"accuracy@noise:{i}": value for i, value in enumerate(accuracies[1:], start=1)}
    sanity = {"map_agreement@randomized:100": 0.01, "deletion_gain": 0.1, "insertion_gain": 0.1}
    deletion = {"share": [0.0, 0.5, 1.0], "map": [0.9, 0.3, 0.1], "random": [0.9, 0.6, 0.1]}
    randomized = {"share": [0.0, 1.0], "map_agreement": [1.0, 0.01], "mask_agreement": [1.0, 0.02]}
    latency = {f"ms@stage:{stage}": 1.5 for stage in ("read", "standardize", "infer", "judge", "total")}
    latency |= {"ms@way:whole": 5.0, "ms@way:bare": 4.0, "ratio@way:bare": 1.25, "ratio@way:keras": 12.0}
    return {
        "external": _check(external, facts={"yes": 155, "yes_new": 135, "clusters": 113}),
        "ood": _check(ood, {"roc": {"false_alarms": [0.0, 1.0], "found": [0.5, 1.0]}}),
        "domain_probe": _check({"roc_auc@source:sartaj": 0.8, "roc_auc@source:sartaj@from:thumbnail": 0.7}),
        "robustness": _check(robustness, {"noise": noise}, {"units": {"noise": "share of the grey range"}}),
        "sanity": _check(sanity, {"deletion": deletion, "insertion": deletion, "randomized": randomized}),
        "latency": _check(latency, facts={"scans": 20, "cores": 2}),
    }


def _check(metrics: dict[str, float], curves: Any = None, facts: Any = None) -> dict[str, Any]:
    entries = {name: entry(value) for name, value in metrics.items()}
    return {"metrics": entries, "curves": curves or {}, "facts": facts or {}}
