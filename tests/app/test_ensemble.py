"""Pages show the members of an ensemble, and why it has no saliency map."""

import json

from app_pages.components.detection.viewer_layers import make_panel
from braintumor.datasets.phantoms import make_phantom
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.settings import Settings
from tests.app.conftest import Open, words


def test_members_are_shown_with_their_weights(artifacts: Settings, open_page: Open) -> None:
    folder = artifacts.outputs / "v1"
    card = json.loads((folder / "card.json").read_text())
    common = {"task": "four-class", "temperature": 1.5, "validation_loss": 0.2, "parameters": 580, "sha256": "0" * 64}
    card["members"] = [{"version": "small", "weight": 0.25, **common}, {"version": "large", "weight": 0.75, **common}]
    card["ensemble"] = {"averaged": "log-probabilities", "weighted": True, "chosen": "On 20 validation images."}
    card["ensemble"]["validation_loss"] = {"equal": 0.15, "weighted": 0.125}
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "history.csv").unlink()
    (folder / "figures" / "architecture.png").unlink()
    app = open_page("performance", part="Training")
    assert not app.exception
    cells = [str(cell) for table in app.table for cell in table.value.reset_index().to_numpy().ravel()]
    assert {"small", "large", "25.0%", "75.0%"} <= set(cells)
    assert "0.125" in words(app)
    assert "no training history" not in words(app)
    assert "no figure" not in words(app)
    assert NO_ENSEMBLE_SALIENCY in words(app)


def test_viewer_explains_missing_saliency_of_an_ensemble(artifacts: Settings) -> None:
    card = json.loads((artifacts.outputs / "v1" / "card.json").read_text())
    member = {"version": "v1", "weight": 1.0, "temperature": 1.0, "sha256": card["files"]["model.onnx"]}
    card |= {"version": "alone", "members": [member], "files": {}, "retrieval": None, "ood": None}
    (artifacts.outputs / "alone").mkdir()
    (artifacts.outputs / "alone" / "card.json").write_text(json.dumps(card))
    scan = read_scan(make_phantom("glioma", 3).pixels, "drawing", artifacts)
    for version, reason in (("alone", NO_ENSEMBLE_SALIENCY), ("v1", None)):
        detector = Detector.load(version, artifacts)
        assert make_panel(detector.detect(scan), scan, detector, True).get("no_saliency_reason") == reason
