"""Build a small but complete outputs folder from phantoms: data set files, a model and its evaluation."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASS_NAMES, CLASSES, Split
from braintumor.exploration.statistics import ALL_PLANES, STATISTICS_FILE, Meta, to_npz
from braintumor.imaging import preprocess, read_scan
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.helpers.phantom_sets import write_split_phantoms
from tests.helpers.tiny_model import CONTRACT, build, fit
from tests.helpers.versions import evaluation

THRESHOLDS = {"rule_out": 0.35, "rule_in": 0.65, "chosen": "fixed for tests"}
PARAMETERS = 580


def build_artifacts(folder: Path, per_class: int = 24, seed: int = 7) -> Settings:
    """Write `inputs/` and `outputs/` under a folder: data set, `v1`, `runs/v1/random-seed1`, `runs/v1/official-seed1`.

    Returns
    -------
    Settings
        Settings for the two folders.
    """
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_split_phantoms(settings, per_class, seed)
    version = settings.outputs / "v1"
    (version / "figures").mkdir(parents=True)
    (version / "model.onnx").write_bytes(build(*fit()))
    Image.new("RGB", (320, 120), "#8fb8c4").save(version / "figures" / "architecture.png")
    manifest = read_manifest(settings)
    _write_statistics(settings, manifest)
    write_card(version, manifest)
    predictions = _predict(settings, manifest)
    predictions.to_csv(version / "predictions.csv", index=False)
    _write_measures(version, predictions)
    for number, protocol in enumerate(("random", "official"), start=1):
        other = settings.outputs / "runs" / "v1" / f"{protocol}-seed1"
        other.mkdir(parents=True)
        write_card(other, manifest, protocol, other.relative_to(settings.outputs).as_posix())
        # A leaky split looks better: use the same predictions with some errors corrected.
        _write_measures(other, evaluation.correct_some_predictions(predictions, share=0.4 + 0.1 * number, seed=seed))
    return settings


def _write_statistics(settings: Settings, manifest: pd.DataFrame) -> None:
    """Write average, variability and grey-level histograms of each class and plane, computed with NumPy."""
    frames = np.stack(
        [preprocess(read_scan(settings.dataset / path), CONTRACT)[0] for path in manifest["path"]]
    ).astype(np.float32)
    arrays: dict[str, NDArray[Any]] = {}
    labels, planes = manifest["label"].astype(str), manifest["plane"].astype(str)
    counts: dict[str, dict[str, int]] = {}
    groups: dict[str, dict[str, int]] = {}
    for label in CLASS_NAMES:
        own = labels == label
        counts[label], groups[label] = {}, {ALL_PLANES: int(manifest.loc[own, "group"].nunique())}
        levels = np.bincount(frames[own].astype(np.uint8).ravel(), minlength=256)
        arrays[f"histogram/{label}"] = (levels / levels.sum()).astype(np.float32)
        for plane in sorted(set(planes[own])):
            chosen = own & (planes == plane)
            arrays[f"average/{label}/{plane}"] = (frames[chosen] / 255).mean(axis=0)
            arrays[f"variability/{label}/{plane}"] = (frames[chosen] / 255).std(axis=0)
            counts[label][plane] = int(chosen.sum())
            groups[label][plane] = int(manifest.loc[chosen, "group"].nunique())
    meta = Meta(CONTRACT.to_dict(), [0.05], counts, groups, {label: {} for label in CLASS_NAMES}, "phantoms")
    (settings.dataset_outputs / STATISTICS_FILE).write_bytes(to_npz(meta, arrays))


def _predict(settings: Settings, manifest: pd.DataFrame) -> pd.DataFrame:
    detector = Detector.load("v1", settings)
    rows = []
    for image in manifest.itertuples():
        detection = detector.detect(settings.dataset / str(image.path))
        shares = {f"p_{c}": detection.probabilities[c] for c in CLASSES}
        rows.append(
            {"path": image.path, "split": image.split, "group": image.group, "label": image.label,
             "predicted": str(detection.result), **shares, "tumor_probability": detection.tumor_probability,
             "verdict": str(detection.verdict)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def write_card(folder: Path, manifest: pd.DataFrame, protocol: str = "group", version: str | None = None) -> None:
    counts = {
        s: {c: int(((manifest["split"] == s) & (manifest["label"] == c)).sum()) for c in CLASS_NAMES} for s in Split
    }
    model = folder / "model.onnx"
    card: dict[str, Any] = {
        "version": version or folder.name,
        "title": "Tiny model for tests",
        "created": "2025-01-31T09:30:00Z",
        "task": "four-class",
        "architecture": "tiny",
        "parameters": PARAMETERS,
        "input": CONTRACT.to_dict(),
        "classes": list(CLASS_NAMES),
        "temperature": 1.0,
        "thresholds": THRESHOLDS,
        "conformal": {"level": 0.95, "quantile": 0.8},
        "ood": None,
        "intended_use": "Tests.",
        "limits": ["Trained on drawings only."],
        "protocol": protocol,
        "data": {
            "fingerprint": hashlib.sha256(manifest.to_csv().encode()).hexdigest(),
            "counts": counts,
            "groups": {str(s): int(manifest.loc[manifest["split"] == s, "group"].nunique()) for s in Split},
        },
        "recipe": {"name": "tiny", "epochs": 12, "batch": 32},
        "seed": 7,
        "training": {"seconds": 3.5, "epochs_run": 12, "best_epoch": 9, "images_per_second": 410.0},
        "export": {"max_abs_difference": 1e-6, "n": 8},
        "libraries": {"numpy": np.__version__},
        "git_commit": "0" * 40,
        "files": {model.name: hashlib.sha256(model.read_bytes()).hexdigest()} if model.is_file() else {},
    }
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")


def _write_measures(folder: Path, predictions: pd.DataFrame) -> None:
    splits = {str(s): predictions[predictions["split"] == s] for s in Split}
    metrics = {name: evaluation.metrics(rows) for name, rows in splits.items()}
    curves = {name: evaluation.curves(rows) for name, rows in splits.items()}
    (folder / "evaluation.json").write_text(json.dumps(metrics), encoding="utf-8")
    (folder / "curves.json").write_text(json.dumps(curves), encoding="utf-8")
    history().to_csv(folder / "history.csv", index=False)


def history(epochs: int = 12) -> pd.DataFrame:
    """Typical learning curves: falling loss, and a slightly higher validation loss that rises at the end."""
    epoch: NDArray[np.float64] = np.arange(1, epochs + 1, dtype=float)
    loss = 1.3 * np.exp(-epoch / 5) + 0.05
    behind = loss + 0.06 + 0.004 * np.maximum(epoch - 9, 0) ** 2
    return pd.DataFrame(
        {"epoch": epoch.astype(int), "accuracy": np.exp(-loss), "loss": loss, "val_accuracy": np.exp(-behind),
         "val_loss": behind, "learning_rate": np.where(epoch < 9, 1e-3, 3e-4), "seconds": 0.3}
    )  # fmt: skip
