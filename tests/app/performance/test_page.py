"""Each tab of the Performance page shows its file, and a command if that is missing."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.shared.formatting import metric_value
from braintumor.inference import list_models
from braintumor.inference.model_card import ModelCard
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from tests.app.conftest import Open, use, words
from tests.helpers.apptest.charts import charts_without_downloads

TABS = ("Scores", "Curves", "Training", "Leakage", "Model card")


def _open(open_page: Open, tab: str) -> AppTest:
    app = open_page("performance", part=tab)
    assert not app.exception
    return app


@pytest.mark.parametrize("tab", TABS)
def test_tab_renders(tab: str, artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, tab)
    assert app.get("plotly_chart") or app.table
    assert all(len(chart.proto.alt) > 10 for chart in app.get("plotly_chart"))


@pytest.mark.parametrize("tab", TABS)
def test_tab_without_results_names_the_command(tab: str, empty: Settings, open_page: Open) -> None:
    assert "braintumor train v1" in words(_open(open_page, tab))


@pytest.mark.slow
def test_every_chart_of_every_tab_has_downloads(open_page: Open, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")
    use(root / "inputs", root / "outputs", monkeypatch)  # the served model: more was measured than on phantoms
    without_charts = {"Subgroups", "Model card"}
    tabs = open_page("performance").tabs
    for tab in [each.label for each in tabs]:
        app = _open(open_page, tab)
        assert app.get("plotly_chart") or tab in without_charts, tab
        assert charts_without_downloads(app) == [], tab


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "tab"), [("evaluation.json", "Scores"), ("curves.json", "Curves"), ("history.csv", "Training")]
)
@pytest.mark.parametrize("content", [None, "{"])
def test_missing_or_damaged_file_affects_only_its_tab(
    file: str, tab: str, content: str | None, artifacts: Settings, open_page: Open
) -> None:
    path = artifacts.outputs / "v1" / file
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert "braintumor " in words(_open(open_page, tab))
    for other in TABS:
        _open(open_page, other)


def test_every_metric_is_shown_with_its_interval(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    shown = " ".join(str(cell) for table in app.table for cell in table.value.to_numpy().ravel())
    for name, estimate in read_version_report("v1").evaluation["test"].items():
        if not name.startswith("pr_auc/"):
            assert metric_value(name.partition("/")[0], estimate) in shown, name


def test_split_can_be_chosen(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    report = read_version_report("v1")
    for split in ("train", "validation", "test"):
        next(group for group in app.button_group if group.key == "scores").set_value(split).run()
        assert not app.exception
        assert report.evaluation[split]["accuracy"].describe() in words(app)


def test_confusion_matrix_shows_counts_or_shares(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    counts = read_version_report("v1").curves["test"].confusion
    assert f"{counts[0][0]:,} predicted as glioma" in app.get("plotly_chart")[0].proto.alt
    assert _cells(app)[0] == f"{counts[0][0]:,}"
    next(group for group in app.button_group if group.key == "cells").set_value("Share of the class").run()
    assert _cells(app)[0] == f"{counts[0][0] / sum(counts[0]):.0%}"


def _cells(app: AppTest) -> list[str]:
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    return [annotation["text"] for annotation in spec["layout"]["annotations"]]


def test_effect_of_leakage_is_a_difference_with_an_interval(artifacts: Settings, open_page: Open) -> None:
    text = words(_open(open_page, "Leakage"))
    assert text.count("points (95% CI") == 2
    assert "Accuracy on the random split minus the split by group" in text
    assert "Accuracy on the official split minus the split by group" in text


def test_card_is_shown_and_can_be_downloaded(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Model card")
    rows = app.table[0].value["Value"]
    assert rows["Version"] == "v1"
    assert rows["Parameters"] == "580"
    assert len(app.get("download_button")) == 1


def test_card_shows_initial_weights_and_smaller_variants(artifacts: Settings, open_page: Open) -> None:
    path = artifacts.outputs / "v1" / "card.json"
    metrics = {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40, "groups": 9}}
    variant = {"bytes": 1_500_000, "test": metrics, "agreement": {"median_difference": 2e-4, "largest_difference": 0.1}}
    card = json.loads(path.read_text(encoding="utf-8"))
    variant["model"] = ModelCard.model_validate(card).fingerprint
    outdated = variant | {"model": "another"}
    variants = {"model.int8.onnx": variant, "model.tflite": outdated}
    card |= {"weights": {"initial": "imagenet", "file": "base.h5"}, "variants": variants}
    path.write_text(json.dumps(card), encoding="utf-8")
    app = _open(open_page, "Model card")
    assert app.table[0].value["Value"]["Initial weights"] == "ImageNet, base.h5"
    assert "`model.int8.onnx`, 1.5 MB: accuracy 90.0% (95% CI 80.0 to 95.0; 40 images, 9 patient groups)" in words(app)
    assert "`model.tflite`: made from an earlier model. Export it again: `braintumor export v1 --litert`" in words(app)


@pytest.mark.parametrize(("initial", "shown"), [("v4", "v4"), ("none", "random")])
def test_card_names_the_version_that_training_started_from(
    initial: str, shown: str, artifacts: Settings, open_page: Open
) -> None:
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8")) | {"weights": {"initial": initial, "file": "model.keras"}}
    path.write_text(json.dumps(card), encoding="utf-8")
    assert _open(open_page, "Model card").table[0].value["Value"]["Initial weights"] == shown


def test_invalid_card_is_reported(artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "card.json").write_text('{"version": "v1", "training": 3}', encoding="utf-8")
    for tab in TABS:
        _open(open_page, tab)
    assert "no valid model card" in words(_open(open_page, "Model card"))


def test_chosen_version_is_kept_on_other_pages(artifacts: Settings, open_page: Open) -> None:
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
