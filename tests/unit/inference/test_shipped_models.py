"""The shipped model reads real scans as its own records say: training and serving prepare a pixel alike."""

import csv

import numpy as np
import pytest

from braintumor.datasets.catalog import training_dataset
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TUMOR_LABEL
from braintumor.imaging import read_scan
from braintumor.inference import Detector, list_models, load_artifact
from braintumor.inference.artifact_files import SALIENCY_FILE, SIMILAR_SCANS_FILE
from braintumor.settings import get_settings

SHIPPED = [name for name in list_models() if (get_settings().outputs / name / "predictions.csv").is_file()]


@pytest.mark.real
@pytest.mark.parametrize("version", SHIPPED)
def test_the_shipped_model_says_what_its_predictions_say(version):
    settings = get_settings()
    detector = Detector.load(version)
    with (settings.outputs / version / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    folder = settings.inputs / training_dataset(detector.artifact.card.recipe).folder
    for row in rows[:: max(1, len(rows) // 60)]:
        found = detector.detect(folder / row["path"])
        assert [found.probabilities[c] for c in CLASSES] == pytest.approx(
            [float(row[f"p_{c}"]) for c in CLASSES], abs=1e-4
        ), row["path"]
        assert found.verdict == row["verdict"]


@pytest.mark.parametrize("version", [name for name in SHIPPED if load_artifact(name).card.saliency])
def test_a_shipped_gradient_graph_is_small_and_moves_with_the_scan(version):
    detector = Detector.load(version)
    assert detector.artifact.path(SALIENCY_FILE).stat().st_size < 5_000_000
    first, second = (detector.saliency(read_scan(make_phantom(label, 3).pixels)) for label in CLASSES[1:3])
    for found in (first, second):
        assert found.shape == (256, 256)
        assert 0.0 <= found.min() < 0.1
        assert 0.8 < found.max() <= 1.0
    assert np.abs(first - second).max() > 0.1


@pytest.mark.parametrize("version", [name for name in SHIPPED if load_artifact(name).card.retrieval])
def test_a_shipped_index_is_small_and_right_more_often_than_by_chance(version):
    detector = Detector.load(version)
    assert detector.artifact.path(SIMILAR_SCANS_FILE).stat().st_size < 1_000_000
    assert detector.artifact.card.retrieval.metrics["nearest"].low > 1 / len(CLASSES)
    found = detector.most_similar(read_scan(make_phantom(CLASSES[0], 3).pixels))
    assert len({one.group for one in found}) == 5
    with (get_settings().outputs / version / "predictions.csv").open(encoding="utf-8", newline="") as file:
        training = {row["path"]: row["label"] for row in csv.DictReader(file) if row["split"] == "train"}
    unsaid = (None, TUMOR_LABEL)  # a tumour whose kind nobody said
    assert all(training[one.path] == one.label or (one.label, training[one.path]) == unsaid for one in found)
