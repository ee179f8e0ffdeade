"""Shipped models: predictions on real scans match the committed ones; gradient graphs and indexes are small."""

import csv

import numpy as np
import pytest

from braintumor.datasets.catalog import evaluation_dataset
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TUMOR_LABEL, PictureKind
from braintumor.imaging import read_scan
from braintumor.inference import Detection, Detector, list_models, load_artifact
from braintumor.inference.decision import TEXT_ON_HEAD_REASON
from braintumor.inference.model_card import SALIENCY_FILE, SIMILAR_SCANS_FILE
from braintumor.settings import get_settings

SHIPPED = [name for name in list_models() if (get_settings().outputs / name / "predictions.csv").is_file()]


@pytest.mark.real
@pytest.mark.parametrize("version", SHIPPED)
def test_predictions_match_the_committed_ones(version):
    settings = get_settings()
    detector = Detector.load(version)
    with (settings.outputs / version / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    folder = settings.inputs / evaluation_dataset(detector.artifact.card.recipe).folder
    drawn = rows[:: max(1, len(rows) // 60)]
    compared = 0
    for row in drawn:
        detection = detector.detect(folder / row["path"])
        if _is_read_otherwise(detection):  # `predictions.csv` has the verdict on the stored picture
            continue
        compared += 1
        assert [detection.probabilities[c] for c in CLASSES] == pytest.approx(
            [float(row[f"p_{c}"]) for c in CLASSES], abs=1e-4
        ), row["path"]
        assert detection.verdict == row["verdict"]
    assert compared > 0.8 * len(drawn)


def _is_read_otherwise(detection: Detection) -> bool:
    """Whether the picture is turned, no plain slice, or has text on the head, which can change the verdict."""
    is_turned = bool(detection.turn or detection.suggested_turn)
    return is_turned or detection.picture is not PictureKind.SLICE or detection.reason == TEXT_ON_HEAD_REASON


@pytest.mark.parametrize("version", [name for name in SHIPPED if load_artifact(name).card.saliency])
def test_gradient_graph_is_small_and_depends_on_the_scan(version):
    detector = Detector.load(version)
    assert detector.artifact.path(SALIENCY_FILE).stat().st_size < 5_000_000
    first, second = (detector.saliency(read_scan(make_phantom(label, 3).pixels)) for label in CLASSES[1:3])
    for saliency in (first, second):
        assert saliency.shape == (256, 256)
        assert 0.0 <= saliency.min() < 0.1
        assert 0.8 < saliency.max() <= 1.0
    assert np.abs(first - second).max() > 0.1


@pytest.mark.parametrize("version", [name for name in SHIPPED if load_artifact(name).card.retrieval])
def test_index_is_small_and_better_than_chance(version):
    detector = Detector.load(version)
    assert detector.artifact.path(SIMILAR_SCANS_FILE).stat().st_size < 1_000_000
    assert detector.artifact.card.retrieval.metrics["nearest"].low > 1 / len(CLASSES)
    similar = detector.most_similar(read_scan(make_phantom(CLASSES[0], 3).pixels))
    assert len({one.group for one in similar}) == 5
    with (get_settings().outputs / version / "predictions.csv").open(encoding="utf-8", newline="") as file:
        training = {row["path"]: row["label"] for row in csv.DictReader(file) if row["split"] == "train"}
    unknown_type = (None, TUMOR_LABEL)
    assert all(training[one.path] == one.label or (one.label, training[one.path]) == unknown_type for one in similar)
