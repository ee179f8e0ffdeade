"""Write the smallest version that a detector can load: a tiny ONNX model and a minimal card."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, CLASSES, Split
from braintumor.evaluation.calibration.fit_ood import fit_ood_reference, ood_card_entry
from braintumor.evaluation.calibration.fit_retrieval import fit_similar_scan_index
from braintumor.imaging import to_batch
from braintumor.inference.input_check.ood import OODReference, feature_vector
from braintumor.inference.outputs import Outputs
from braintumor.models.onnx_autodiff.graph import build_gradient_onnx
from braintumor.training.inputs.data import TrainingData
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.tiny_model import CONTRACT, build, cells, fit, phantom_frames

FIRST_INDEXED_SEED = 700  # seed of the first phantom in the index of similar scans


@cache
def model_bytes(*, masked: bool = False) -> bytes:
    """Return the ONNX file, fitted to phantoms once."""
    return build(*fit(per_class=32), masked=masked)


@cache
def reference() -> OODReference:
    """Fit the out-of-distribution reference of the multitask model to phantoms."""
    frames, _ = phantom_frames(per_class=24, first_seed=500)
    rows = feature_vector(cells(frames), frames)
    return fit_ood_reference(rows[::2], rows[1::2])


def write_masked_version(outputs: Path, name: str = "v4", **changes: Any) -> Path:
    """Write a version with a mask and an out-of-distribution score. Returns the folder."""
    (outputs / name).mkdir(parents=True)
    (outputs / name / "ood_reference.csv").write_text(reference().to_csv(), encoding="utf-8")
    files = {
        "model.onnx": model_bytes(masked=True),
        "ood_reference.csv": (outputs / name / "ood_reference.csv").read_bytes(),
    }
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    fixed = {
        "ood": ood_card_entry(reference(), 48),
        "conformal": {"level": 0.95, "quantiles": dict.fromkeys(CLASS_NAMES, 0.8)},
        "files": hashes,
    }
    return write_version(outputs, name, files["model.onnx"], **fixed | changes)


@cache
def similar_scan_index() -> bytes:
    """Return the index of similar scans: phantoms, two of each class per patient."""
    frames, labels = phantom_frames(per_class=6, first_seed=FIRST_INDEXED_SEED)
    seeds = [FIRST_INDEXED_SEED + i % 6 for i in range(len(labels))]
    data = TrainingData(
        pd.DataFrame(
            {
                "path": [f"Training/{CLASSES[n]}/{seed}.png" for n, seed in zip(labels, seeds, strict=True)],
                "group": [f"{CLASSES[n]} {seed // 2}" for n, seed in zip(labels, seeds, strict=True)],
                "split": str(Split.TRAIN),
            }
        ),
        frames,
        labels,
    )
    index = fit_similar_scan_index(data, Outputs(np.zeros((len(labels), 4), np.float32), features=_features(frames)))
    assert index is not None
    return index.to_bytes()


def _features(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model_bytes(masked=True), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["features"], {"image": to_batch(frames, CONTRACT)})[0])


def write_explained_version(
    outputs: Path, name: str = "v4", similar_scans: bytes | None = None, **changes: Any
) -> Path:
    """Write a multitask version with a gradient graph and an index of similar scans. Returns the folder."""
    folder = outputs / name
    files = {
        "saliency.onnx": build_gradient_onnx(model_bytes(masked=True)),
        "similar_scans.npz": similar_scan_index() if similar_scans is None else similar_scans,
    }
    write_masked_version(outputs, name, **{"saliency": {"n": 1}, "retrieval": {"scans": 24}} | changes)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    for file, content in files.items():
        (folder / file).write_bytes(content)
        card["files"][file] = hashlib.sha256(content).hexdigest()
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def write_version(outputs: Path, name: str = "v1", model: bytes | None = None, **changes: Any) -> Path:
    """Write the folder of a version; `changes` replace entries of its card. Returns the folder."""
    folder = outputs / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model or model_bytes())
    card = MINIMAL_CARD | {"version": name, "files": {"model.onnx": hashlib.sha256(model_bytes()).hexdigest()}}
    (folder / "card.json").write_text(json.dumps(card | changes), encoding="utf-8")
    return folder
