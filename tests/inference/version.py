"""Writes the smallest version a detector can load: a tiny ONNX model and a card with just what it needs."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from braintumor.vocabulary import CLASS_NAMES
from tests.support.model import CONTRACT, build, fit


@cache
def model_bytes() -> bytes:
    """The ONNX file, fitted to phantoms once."""
    return build(*fit(per_class=8))


def write_version(outputs: Path, name: str = "v1", **changes: Any) -> Path:
    """Write a version's folder; `changes` replace fields of its card. Returns the folder."""
    folder = outputs / name
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model_bytes())
    card = {
        "version": name,
        "input": CONTRACT.to_dict(),
        "classes": list(CLASS_NAMES),
        "temperature": 1.0,
        "thresholds": {"low": 0.35, "high": 0.65, "chosen": "fixed for tests"},
        "conformal": {"level": 0.95, "quantile": 0.8},
        "files": {"model.onnx": hashlib.sha256(model_bytes()).hexdigest()},
    }
    (folder / "card.json").write_text(json.dumps(card | changes), encoding="utf-8")
    return folder
