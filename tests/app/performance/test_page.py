"""The Performance page: each part from its own file, and a plain word where one is missing."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.inference import list_models
from braintumor.results.study import model_fingerprint
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from tests.app.conftest import Open, words

PARTS = ("Scores", "Curves", "Training", "Leakage", "Model card")


def _open(open_page: Open, part: str) -> AppTest:
    app = open_page("performance", part=part)
    assert not app.exception
    return app


@pytest.mark.parametrize("part", PARTS)
def test_a_part_renders(part: str, artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, part)
    assert app.get("plotly_chart") or app.table
    assert all(len(chart.proto.alt) > 10 for chart in app.get("plotly_chart"))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_says_what_makes_it_where_it_is_missing(part: str, empty: Settings, open_page: Open) -> None:
    assert "braintumor train v1" in words(_open(open_page, part))


@pytest.mark.parametrize(
    ("file", "part"), [("evaluation.json", "Scores"), ("curves.json", "Curves"), ("history.csv", "Training")]
)
@pytest.mark.parametrize("content", [None, "{"])
def test_a_missing_or_damaged_file_costs_only_its_part(
    file: str, part: str, content: str | None, artifacts: Settings, open_page: Open
) -> None:
    path = artifacts.outputs / "v1" / file
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert "braintumor " in words(_open(open_page, part))
    for other in PARTS:
        _open(open_page, other)


def test_every_metric_is_shown_with_its_interval(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    shown = " ".join(str(cell) for table in app.table for cell in table.value.to_numpy().ravel())
    for name, estimate in read_version_report("v1").evaluation["test"].items():
        if name in ("loss", "ece") or name.startswith("pr_auc/"):
            continue
        assert estimate.percent() in shown, name


def test_the_splits_can_be_switched(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    report = read_version_report("v1")
    for split in ("train", "validation", "test"):
        next(group for group in app.button_group if group.key == "scores").set_value(split).run()
        assert not app.exception
        assert report.evaluation[split]["accuracy"].percent() in words(app)


def test_the_confusion_matrix_shows_counts_or_shares(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    counts = read_version_report("v1").curves["test"].confusion
    assert f"{counts[0][0]:,} called glioma" in app.get("plotly_chart")[0].proto.alt
    assert _cells(app)[0] == f"{counts[0][0]:,}"
    next(group for group in app.button_group if group.key == "cells").set_value("Share of the class").run()
    assert _cells(app)[0] == f"{counts[0][0] / sum(counts[0]):.0%}"


def _cells(app: AppTest) -> list[str]:
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    return [annotation["text"] for annotation in spec["layout"]["annotations"]]


def test_the_price_of_leakage_is_a_difference_with_an_interval(artifacts: Settings, open_page: Open) -> None:
    said = words(_open(open_page, "Leakage"))
    assert said.count("points (") == 2
    assert "The random split scores" in said
    assert "The official split scores" in said


def test_the_card_is_shown_and_can_be_taken_away(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Model card")
    facts = app.table[0].value["Value"]
    assert facts["Version"] == "v1"
    assert facts["Parameters"] == "580"
    assert len(app.get("download_button")) == 1


def test_the_card_says_what_training_started_from_and_what_smaller_forms_cost(
    artifacts: Settings, open_page: Open
) -> None:
    path = artifacts.outputs / "v1" / "card.json"
    measured = {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40, "groups": 9}}
    small = {"bytes": 1_500_000, "test": measured, "agreement": {"median_difference": 2e-4, "largest_difference": 0.1}}
    card = json.loads(path.read_text(encoding="utf-8"))
    small["model"] = model_fingerprint(card)
    old = small | {"model": "another"}
    variants = {"model.int8.onnx": small, "model.tflite": old}
    card |= {"weights": {"initial": "imagenet", "file": "base.h5"}, "variants": variants}
    path.write_text(json.dumps(card), encoding="utf-8")
    app = _open(open_page, "Model card")
    assert app.table[0].value["Value"]["Started from"] == "ImageNet's weights, base.h5"
    assert "`model.int8.onnx`, 1.5 MB: accuracy 90.0% (80.0 to 95.0) on 40 test scans" in words(app)
    assert "`model.tflite`: measured on an earlier model. Make it again with: `braintumor export v1 --litert`" in words(
        app
    )


def test_an_almost_empty_card_still_renders(artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "card.json").write_text('{"version": "v1", "training": 3}', encoding="utf-8")
    for part in PARTS:
        _open(open_page, part)


def test_the_version_can_be_chosen_and_stays_chosen(artifacts: Settings, open_page: Open) -> None:
    other = artifacts.outputs / "v2"
    other.mkdir()
    for file in (artifacts.outputs / "v1").iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    card = json.loads((other / "card.json").read_text(encoding="utf-8"))
    (other / "card.json").write_text(json.dumps({**card, "version": "v2"}), encoding="utf-8")
    assert list_models() == ["v1", "v2"]
    app = _open(open_page, "Model card")
    assert app.selectbox[0].value == "v1"
    app.selectbox[0].set_value("v2").run()
    assert app.table[0].value["Value"]["Version"] == "v2"
    app.switch_page("app_pages/detection.py").run()
    assert app.selectbox[0].value == "v2"
