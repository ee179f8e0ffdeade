"""The Performance page says what an ensemble is made of, where other versions show how they learnt."""

import json

from app_pages.components.detection.viewer_layers import make_panel
from braintumor.datasets.phantoms import make_phantom
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.settings import Settings
from tests.app.conftest import Open, words


def test_an_ensemble_shows_its_members_and_their_weights(artifacts: Settings, open_page: Open) -> None:
    folder = artifacts.outputs / "v1"
    card = json.loads((folder / "card.json").read_text())
    said = {"task": "four-class", "temperature": 1.5, "validation_loss": 0.2, "parameters": 580, "sha256": "0" * 64}
    card["members"] = [{"version": "small", "weight": 0.25, **said}, {"version": "large", "weight": 0.75, **said}]
    card["ensemble"] = {"averaged": "log-probabilities", "weighted": True, "chosen": "On 20 validation images."}
    card["ensemble"]["validation_loss"] = {"equal": 0.15, "weighted": 0.125}
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "history.csv").unlink()
    (folder / "figures" / "architecture.png").unlink()
    app = open_page("performance", part="Training")
    assert not app.exception
    shown = [str(cell) for table in app.table for cell in table.value.reset_index().to_numpy().ravel()]
    assert {"small", "large", "25.0%", "75.0%"} <= set(shown)
    assert "0.125" in words(app)
    assert "no training history" not in words(app)
    assert "no picture" not in words(app)
    assert NO_ENSEMBLE_SALIENCY in words(app)


def test_the_viewer_says_why_an_ensemble_shows_no_saliency(artifacts: Settings) -> None:
    card = json.loads((artifacts.outputs / "v1" / "card.json").read_text())
    member = {"version": "v1", "weight": 1.0, "temperature": 1.0, "sha256": card["files"]["model.onnx"]}
    card |= {"version": "alone", "members": [member], "files": {}, "retrieval": None, "novelty": None}
    (artifacts.outputs / "alone").mkdir()
    (artifacts.outputs / "alone" / "card.json").write_text(json.dumps(card))
    scan = read_scan(make_phantom("glioma", 3).pixels, "drawing", artifacts)
    for version, reason in (("alone", NO_ENSEMBLE_SALIENCY), ("v1", None)):
        detector = Detector.load(version, artifacts)
        assert make_panel(detector.detect(scan), scan, detector, True).get("untraced") == reason
