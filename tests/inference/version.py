"""Writes the smallest version a detector can load: a tiny ONNX model and a card with just what it needs."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from braintumor.evaluation.novelty import fit_novelty, novelty_entry
from braintumor.inference.novelty import NoveltyReference, described
from braintumor.vocabulary import CLASS_NAMES
from tests.support.model import CONTRACT, build, cells, fit, phantom_frames


@cache
def model_bytes(*, masked: bool = False) -> bytes:
    """The ONNX file, fitted to phantoms once."""
    return build(*fit(per_class=8), masked=masked)


@cache
def reference() -> NoveltyReference:
    """What phantoms look like to the masked model."""
    frames, _ = phantom_frames(per_class=24, first_seed=500)
    rows = described(cells(frames), frames)
    return fit_novelty(rows[::2], rows[1::2])


def write_masked_version(outputs: Path, name: str = "v4", **changes: Any) -> Path:
    """Write a version with a mask and a measure of novelty. Returns the folder."""
    (outputs / name).mkdir(parents=True)
    (outputs / name / "novelty.csv").write_text(reference().table(), encoding="utf-8")
    files = {"model.onnx": model_bytes(masked=True), "novelty.csv": (outputs / name / "novelty.csv").read_bytes()}
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    fixed = {
        "novelty": novelty_entry(reference(), 48),
        "conformal": {"level": 0.95, "quantiles": dict.fromkeys(CLASS_NAMES, 0.8)},
        "files": hashes,
    }
    return write_version(outputs, name, files["model.onnx"], **fixed | changes)


def write_version(outputs: Path, name: str = "v1", model: bytes | None = None, **changes: Any) -> Path:
    """Write a version's folder; `changes` replace fields of its card. Returns the folder."""
    folder = outputs / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model or model_bytes())
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
