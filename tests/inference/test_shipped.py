"""The shipped model reads real scans as its own records say: training and serving prepare a pixel alike."""

import csv

import pytest

from braintumor.inference import Detector, versions
from braintumor.settings import get_settings
from braintumor.vocabulary import CLASSES

SHIPPED = [name for name in versions() if (get_settings().outputs / name / "predictions.csv").is_file()]


@pytest.mark.real
@pytest.mark.parametrize("version", SHIPPED)
def test_the_shipped_model_says_what_its_predictions_say(version):
    settings = get_settings()
    detector = Detector.load(version)
    with (settings.outputs / version / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:: max(1, len(rows) // 60)]:
        found = detector.detect(settings.dataset / row["path"])
        assert [found.probabilities[c] for c in CLASSES] == pytest.approx(
            [float(row[f"p_{c}"]) for c in CLASSES], abs=1e-4
        ), row["path"]
        assert found.verdict == row["verdict"]
