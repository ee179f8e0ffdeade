"""Results on the Detection page: two versions compared, measured accuracy, altered extras, rejected images."""

import json

from streamlit.testing.v1 import AppTest

from app_pages.components.detection.result_card import plot_probabilities
from braintumor.inference.decision import Thresholds
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import (
    add_second_version,
    csv_rows,
    logged_rows,
    upload,
    viewer_data,
    wait_until_read,
)
from tests.helpers.readings import make_detection


def _metric(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 10, "groups": 5}


def test_two_versions_are_shown_side_by_side(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    add_second_version(artifacts)
    app = upload(open_page, scans[:1])
    app.selectbox(key="compared-v1").set_value("v2").run()
    assert not app.exception
    panes = viewer_data(app)["scan"]["panels"]
    assert [pane["version"] for pane in panes] == ["v1", "v2"]
    assert len(app.get("plotly_chart")) == 2
    app.selectbox(key="version").set_value("v2").run()
    wait_until_read(app)
    assert {row["model_version"] for row in csv_rows(app)} == {"v2"}


def test_result_of_the_second_version_is_logged(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    add_second_version(artifacts)
    app = upload(open_page, scans[:2])
    app.selectbox(key="compared-v1").set_value("v2").run()
    assert [row["model_version"] for row in logged_rows(app)] == ["v1", "v1", "v2"]


def test_accuracy_is_the_share_of_scans_at_or_above_the_threshold(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    path = artifacts.outputs / "v1" / "evaluation.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    report["test"] |= {
        "tumor_sensitivity": _metric(0.99),
        "tumors@verdict:tumor suspected": _metric(0.81),
        "tumor_free@verdict:tumor suspected": _metric(0.03),
    }
    report["external"] = {"tumor_sensitivity": _metric(0.92), "flagged": _metric(0.80), "false_alarms": _metric(0.027)}
    path.write_text(json.dumps(report), encoding="utf-8")
    text = words(upload(open_page, scans[:1]))
    size = "10 images, 5 patient groups"
    assert f"Version v1 flags 81.0% (95% CI 80.0 to 82.0; {size}) of the tumours" in text
    assert f"and 3.0% (95% CI 2.0 to 4.0; {size}) of the tumour-free scans." in text
    assert f"On other collections, version v1 flags 80.0% (95% CI 79.0 to 81.0; {size}) of the tumours" in text
    assert f"and 2.7% (95% CI 1.7 to 3.7; {size}) of the tumour-free test scans." in text
    assert "99.0%" not in text


def test_altered_extra_files_disable_only_their_own_function(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card |= {"saliency": {"n": 1}, "retrieval": {"scans": 1}}
    card["files"] |= {"saliency.onnx": "0" * 64, "similar_scans.npz": "0" * 64}
    path.write_text(json.dumps(card), encoding="utf-8")
    for name in ("saliency.onnx", "similar_scans.npz"):
        (path.parent / name).write_bytes(b"something else")
    app = upload(open_page, scans[:1])
    app.session_state["viewer"] = {"saliency": True}
    app.session_state["similar-scans"] = True
    app.run()
    assert not app.exception
    (pane,) = viewer_data(app)["scan"]["panels"]
    assert not pane["has_saliency"]
    assert pane["evidence"]["data"]
    assert "similar_scans.npz" in words(app)


def test_both_thresholds_are_marked_in_the_chart() -> None:
    chart = plot_probabilities(make_detection("a.png"), Thresholds(0.4, 0.6))
    assert [note.text for note in chart.layout.annotations if note.y == -0.5] == ["lower 40%", "upper 60%"]


def test_rejected_image_has_no_class_and_no_outline() -> None:
    def card() -> None:
        from datetime import UTC, datetime

        from app_pages.components.detection.result_card import show_result_card
        from braintumor.enums import CLASSES
        from braintumor.inference.decision import OODScore, Thresholds, decide_verdict
        from braintumor.inference.detection import Detection

        thresholds = Thresholds(0.4, 0.6)
        verdict, reason = decide_verdict(0.9, thresholds, OODScore(3.0, 1.0, 2.0))
        each = dict(zip(CLASSES, (0.1, 0.7, 0.1, 0.1), strict=True))
        detection = Detection(
            "x-ray.png", "ab" * 32, datetime.now(UTC), each, 0.9, verdict, reason, CLASSES[:2], 0.6, "v4",
            {"total": 3.0},
        )  # fmt: skip
        show_result_card(detection, thresholds, "1")

    app = AppTest.from_function(card, default_timeout=900).run()
    text = words(app)
    assert not app.exception
    assert "Not a brain MRI" in text
    assert text.count("Out-of-distribution score 0.60") == 1
    assert not any(word in text for word in ("Most likely", "prediction set", "eningioma", "Outlined", "tumour score"))
