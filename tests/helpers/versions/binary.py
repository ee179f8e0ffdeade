"""Add a binary version to an outputs folder, with evaluated phantoms."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from braintumor.datasets.binary_set import binary_set_folder, load_binary_manifest
from braintumor.datasets.catalog import BINARY_SET, KAGGLE
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.phantom_sets import write_binary_phantoms
from braintumor.enums import CLASS_NAMES, CLASSES, TUMOR_LABEL, UNKNOWN_TYPE_INDEX, Protocol, Split
from braintumor.evaluation.scoring import SplitPredictions, score_binary
from braintumor.imaging import preprocess, read_scan
from braintumor.inference import Detector
from braintumor.inference.decision import predicted_class, tumor_probability
from braintumor.settings import Settings
from tests.helpers.artifacts import history, write_card
from tests.helpers.tiny_model import CONTRACT, build, fit, to_binary

BINARY_THRESHOLD = 0.4
REPLICATES = 20


def write_binary_version(settings: Settings, name: str = "four-block", *, binary_set: bool = False) -> Path:
    """Write a version trained on the main set, or on a binary set of phantoms. Returns its folder."""
    folder = settings.outputs / name
    folder.mkdir()
    (folder / "model.onnx").write_bytes(build(*to_binary(*fit())))
    if binary_set and not binary_set_folder(settings).is_dir():
        write_binary_phantoms(binary_set_folder(settings), 20)
    manifest = load_binary_manifest(Protocol.GROUP, settings) if binary_set else read_manifest(settings)
    write_card(folder, manifest)
    changes: dict[str, Any] = {
        "task": "tumor", "decision": {"threshold": BINARY_THRESHOLD, "chosen": "fixed for tests"},
        "recipe": {"data": "yes-no" if binary_set else "kaggle"},
        "conformal": {"level": 0.95, "quantile": 0.9},
    }  # fmt: skip
    if binary_set:
        counts = manifest.groupby(["split", "label"]).size()
        changes["data"] = {
            "counts": {s: {c: int(counts[s, c]) for c in ("notumor", TUMOR_LABEL)} for s in Split},
            "groups": manifest.groupby("split")["group"].nunique().to_dict(),
        }
    card = json.loads((folder / "card.json").read_text(encoding="utf-8")) | changes
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    _evaluate(settings, folder, manifest, settings.inputs / (BINARY_SET if binary_set else KAGGLE).folder)
    return folder


def _evaluate(settings: Settings, folder: Path, manifest: pd.DataFrame, images: Path) -> None:
    detector = Detector.load(folder.name, settings)
    card = detector.artifact.card
    model_inputs = np.stack([preprocess(read_scan(images / path), CONTRACT)[0] for path in manifest["path"]])
    outputs = detector.infer_all(model_inputs)
    calibrated = detector.probabilities(outputs)
    tumor = tumor_probability(calibrated)
    verdicts = detector.verdicts(outputs, calibrated, model_inputs)
    labels = np.array([CLASS_NAMES.index(c) if c in CLASS_NAMES else UNKNOWN_TYPE_INDEX for c in manifest["label"]])
    evaluation, curves = {}, {}
    for split in Split:
        rows = np.flatnonzero(manifest["split"] == str(split))
        part = SplitPredictions(
            manifest.iloc[rows], labels[rows], outputs.select(rows), calibrated[rows], verdicts[rows], None
        )
        evaluation[str(split)], curves[str(split)] = score_binary(part, card, REPLICATES)
    predicted = [
        TUMOR_LABEL if CLASSES[i].is_tumor else str(CLASSES[i])
        for i in predicted_class(calibrated, card.binary_threshold)
    ]
    table = manifest[["path", "split", "group", "label"]].assign(predicted=predicted)
    table = table.assign(**{f"p_{c}": calibrated[:, i] for i, c in enumerate(CLASSES)})
    table = table.assign(tumor_probability=tumor, verdict=verdicts.astype(str))
    table.to_csv(folder / "predictions.csv", index=False)
    history().to_csv(folder / "history.csv", index=False)
    for file, content in (("evaluation.json", evaluation), ("curves.json", curves)):
        (folder / file).write_text(json.dumps(content), encoding="utf-8")
    card_content = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card_content["files"]["evaluation.json"] = hashlib.sha256((folder / "evaluation.json").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card_content), encoding="utf-8")
