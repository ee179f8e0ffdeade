"""Parts of the Performance page that say where, how sure, for whom and how fast: drawn, or plainly absent."""

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.performance.confusion import select_cell
from braintumor.enums import TumorClass
from braintumor.results import summaries
from braintumor.results.version import read_predictions, read_version_report
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.versions.measured import measure

MEASURED = ("Certainty", "Where", "Subgroups")
STUDIED = {"Outside": 3, "Robustness": 2, "Speed": 1}


def _open(open_page: Open, part: str) -> AppTest:
    app = open_page("performance", part=part)
    assert not app.exception
    return app


@pytest.mark.parametrize("part", [*MEASURED, *STUDIED])
def test_a_part_is_drawn_from_what_was_measured(part: str, artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    app = _open(open_page, part)
    assert app.table or app.get("plotly_chart")
    assert all(len(chart.proto.alt) > 20 for chart in app.get("plotly_chart"))
    assert "braintumor " not in words(app)


@pytest.mark.parametrize("part", MEASURED)
def test_a_version_that_was_not_measured_so_far_says_how(part: str, artifacts: Settings, open_page: Open) -> None:
    assert "braintumor evaluate v1" in words(_open(open_page, part))


@pytest.mark.parametrize(("part", "stages"), STUDIED.items())
def test_each_stage_that_is_missing_says_how_to_measure_it(
    part: str, stages: int, artifacts: Settings, open_page: Open
) -> None:
    assert words(_open(open_page, part)).count("braintumor study v1") == stages


@pytest.mark.parametrize("part", [*MEASURED, *STUDIED, "Compare"])
def test_without_anything_a_part_says_what_to_do_first(part: str, empty: Settings, open_page: Open) -> None:
    assert "braintumor train v1" in words(_open(open_page, part))


def test_a_stage_that_could_not_be_measured_says_why(artifacts: Settings, open_page: Open) -> None:
    study = {"stages": {"novelty": {"skipped": "There are no foreign pictures."}}}
    (artifacts.outputs / "v1" / "study.json").write_text(json.dumps(study), encoding="utf-8")
    assert "Novelty was not measured. There are no foreign pictures." in words(_open(open_page, "Outside"))


def test_numbers_of_an_earlier_model_are_marked(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"thresholds": {"low": 0.1, "high": 0.2}}), encoding="utf-8")
    assert "changed after this was measured" in words(_open(open_page, "Speed"))


def test_scores_say_nothing_of_what_an_earlier_model_did_outside(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    assert "Tumours of another collection are told" in words(_open(open_page, "Scores"))
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"thresholds": {"low": 0.1, "high": 0.2}}), encoding="utf-8")
    assert "Tumours of another collection are told" not in words(_open(open_page, "Scores"))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"stages": 3}', '{"stages": {"outside": {"metrics": 1, "curves": [2]}}}']
)
def test_a_damaged_study_is_as_good_as_none(content: str, artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "study.json").write_text(content, encoding="utf-8")
    for part in STUDIED:
        assert "braintumor study v1" in words(_open(open_page, part))


def test_every_sentence_is_computed_from_the_numbers(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    metrics = read_version_report("v1").evaluation["test"]
    assert summaries.summarize_verdicts(metrics) in words(_open(open_page, "Scores"))
    assert summaries.summarize_uncertainty(metrics) in words(_open(open_page, "Certainty"))
    assert summaries.summarize_localization(metrics) in words(_open(open_page, "Where"))


def test_the_gallery_shows_scans_from_the_worst_to_the_best(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    app = _open(open_page, "Where")
    dice = read_predictions("v1").query("split == 'test'")["dice"].dropna().sort_values()
    assert f"Dice {dice.iloc[0]:.2f}" in words(app)
    next(group for group in app.button_group if group.key == "gallery-fit").set_value("Best").run()
    assert not app.exception
    assert f"Dice {dice.iloc[-1]:.2f}" in words(app)


def test_a_cell_of_the_matrix_lists_its_scans(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    for key in ("cell-truth", "cell-called"):
        next(box for box in app.selectbox if box.key == key).set_value(TumorClass.PITUITARY)
    app.run()
    assert not app.exception
    table = read_predictions("v1")
    mine = table.query("split == 'test' and label == 'pituitary' and predicted == 'pituitary'")
    assert sorted(app.dataframe[0].value["path"]) == sorted(mine["path"])
    assert f"{len(mine)} scan" in words(app)


def test_a_click_chooses_a_cell_and_a_click_on_nothing_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, object] = {}
    monkeypatch.setattr("app_pages.components.performance.confusion.st.session_state", state)
    select_cell({"selection": {"points": [{"x": "Glioma", "y": "No tumour"}]}})
    assert state == {"cell-truth": "notumor", "cell-called": "glioma"}
    for nothing in (None, {}, {"selection": {"points": []}}, {"selection": {"points": [{"x": "Elsewhere", "y": 1}]}}):
        select_cell(nothing)
    assert state == {"cell-truth": "notumor", "cell-called": "glioma"}


def test_versions_stand_side_by_side_with_intervals(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    shutil.copytree(artifacts.outputs / "v1", artifacts.outputs / "v2")
    app = _open(open_page, "Compare")
    table = app.table[0].value
    assert list(table.columns) == ["v1", "v2"]
    expected = read_version_report("v1").evaluation["test"]["accuracy"].percent()
    assert list(table.loc["Accuracy"]) == [expected, expected]
    assert "0.75" in table.loc["Dice of the mask", "v1"]
    app.multiselect[0].set_value(["v2"]).run()
    assert list(app.table[0].value.columns) == ["v2"]
