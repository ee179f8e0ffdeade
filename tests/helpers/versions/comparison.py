"""Writes a comparison of three versions: one of each task, and one that was not trained."""

import json
from typing import Any

from braintumor.inference.model_card import read_card
from braintumor.results.comparison import read_official_fingerprint
from braintumor.settings import Settings

Entry = dict[str, float | int]


def entry(value: float) -> Entry:
    """Return a metric with an interval around it."""
    return {"value": value, "low": 0.95 * value, "high": min(1.0, 1.02 * value), "n": 40, "groups": 12}


def write_comparison(settings: Settings) -> dict[str, Any]:
    """Write `outputs/comparison/comparison.json`, in which `v1` is best; return its content."""
    common = {"tumor_sensitivity": 0.96, "tumor_specificity": 0.9, "roc_auc": 0.97, "tumor_ece": 0.02}
    four = {"accuracy": 0.91, "macro_f1": 0.9, "tumor_accuracy": 0.95, **common}
    two = {"accuracy": 0.93, "macro_f1": 0.92, "tumor_accuracy": 0.93, **common}
    costs = {"parameters": 580, "bytes": 3000, "training": {"seconds": 60.0, "epochs": 3}}
    first = {
        "version": "v1",
        "title": "The first",
        "task": "four-class",
        "model": read_card("v1", settings).fingerprint,
        "test": _all(four),
    }
    first["official_model"] = read_official_fingerprint("v1", settings)
    first |= {"official": _all({"accuracy": 0.98}), "external": _all({"roc_auc": 0.9, "flagged": 0.5}), **costs}
    other = {"version": "two", "title": "Tumour or no tumour", "task": "tumor", "test": _all(two), **costs}
    absent = {"version": "v2", "title": "VGG16", "task": "four-class", "weights": "imagenet"}
    pair = {"a": "v1", "b": "two", "value": 0.02, "low": 0.005, "high": 0.035, "n": 40, "groups": 12}
    content = {
        "scans": {"n": 40, "groups": 12},
        "machine": {"cores": 2},
        "versions": [
            first | {"status": "measured", "weights": "none", "milliseconds": _time(4.0)},
            absent | {"status": "not trained here", "command": "braintumor train v2"},
            other | {"status": "measured", "milliseconds": _time(9.0), "notes": ["Predicts no tumour type."]},
        ],
        "pairs": {"tumor_accuracy": [pair | {"real": True, "holds": False}], "accuracy": []},
    }
    folder = settings.outputs / "comparison"
    folder.mkdir()
    (folder / "comparison.json").write_text(json.dumps(content), encoding="utf-8")
    return content


def _all(values: dict[str, float]) -> dict[str, Entry]:
    return {name: entry(value) for name, value in values.items()}


def _time(milliseconds: float) -> Entry:
    return {"value": milliseconds, "low": 0.9 * milliseconds, "high": 1.1 * milliseconds, "n": 20, "groups": 20}
