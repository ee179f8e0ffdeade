"""Tabs on localization, uncertainty, subgroups, external data, robustness and latency."""

import json
import shutil

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.performance.confusion import select_cell
from app_pages.components.performance.subgroups import subgroup_rows
from app_pages.components.performance.training import plot_learning_curves
from app_pages.components.shared.formatting import metric_value
from braintumor.enums import TumorClass
from braintumor.results import other_sources, summaries
from braintumor.results.metric import Metric
from braintumor.results.version import read_predictions, read_version_report
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.versions.measured import (
    entry,
    measure,
    measure_leave_one_source_out,
    measure_other_sources,
    measure_whole_studies,
)

EVALUATED = ("Uncertainty", "Localization", "Subgroups")
# Tabs with stress tests, and how many.
STRESS_TESTED = {"External": 3, "Robustness": 2, "Latency": 1}


def _open(open_page: Open, tab: str) -> AppTest:
    app = open_page("performance", part=tab)
    assert not app.exception
    return app


@pytest.mark.parametrize("tab", [*EVALUATED, *STRESS_TESTED])
def test_tab_renders_with_results(tab: str, artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    app = _open(open_page, tab)
    assert app.table or app.get("plotly_chart")
    assert all(len(chart.proto.alt) > 20 for chart in app.get("plotly_chart"))
    assert "braintumor " not in words(app)


@pytest.mark.parametrize("tab", EVALUATED)
def test_tab_without_evaluation_names_the_command(tab: str, artifacts: Settings, open_page: Open) -> None:
    assert "braintumor evaluate v1" in words(_open(open_page, tab))


@pytest.mark.parametrize(("tab", "count"), STRESS_TESTED.items())
def test_each_missing_stress_test_names_the_command(tab: str, count: int, artifacts: Settings, open_page: Open) -> None:
    assert words(_open(open_page, tab)).count("braintumor stress-test v1") == count


@pytest.mark.parametrize("tab", [*EVALUATED, *STRESS_TESTED, "Compare"])
def test_tab_without_outputs_names_the_first_command(tab: str, empty: Settings, open_page: Open) -> None:
    assert "braintumor train v1" in words(_open(open_page, tab))


def test_skipped_stress_test_shows_the_reason(artifacts: Settings, open_page: Open) -> None:
    stored = {"checks": {"ood": {"skipped": "There are no such images."}}}
    (artifacts.outputs / "v1" / "stress_test.json").write_text(json.dumps(stored), encoding="utf-8")
    assert "Out-of-distribution score: not measured. There are no such images." in words(_open(open_page, "External"))


def test_each_question_before_the_verdict_has_its_errors(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "External")
    questions = {"Is it a head image?", "Is it MR?", "Does it show what the model has learnt?"}
    assert questions <= {header.value for header in app.header}
    assert "This version does not recognize slices outside the brain." in words(app)
    ct = {"features": [0], "weights": [0.0], "bias": 0.0, "reject_at": 1.0, "test": {"ct_rejected": entry(0.8, 7, 3)}}
    field = {"features": [0], "weights": [1.0], "bias": 0.0, "outside_at": 9.0}
    errors = {"outside_recognized": entry(0.9), "brain_outside@plane:axial": entry(0.01, 5, 1)}
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"ct": ct, "field": field | {"test": errors}}), encoding="utf-8")
    tables = {table.value.index.name: table.value for table in _open(open_page, "External").table}
    assert tables["Slices"].loc["Head CT rejected", "Measured on"] == "7 images, 3 patient groups"
    outside = tables["Slices of test patients"]["Share (95% CI)"]
    assert outside["Slices outside the brain recognized"].startswith("90.0% (")
    assert outside["Brain slices classified as outside the brain: axial"] == "1.0% (no interval)"


def test_outdated_results_are_marked(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"thresholds": {"rule_out": 0.1, "rule_in": 0.2}}), encoding="utf-8")
    assert "have changed since this was measured" in words(_open(open_page, "Latency"))


def test_scores_leave_out_outdated_external_results(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    assert "On tumours from another collection" in words(_open(open_page, "Scores"))
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"thresholds": {"rule_out": 0.1, "rule_in": 0.2}}), encoding="utf-8")
    assert "On tumours from another collection" not in words(_open(open_page, "Scores"))


def test_other_sources_are_shown_only_with_their_stress_test(artifacts: Settings, open_page: Open) -> None:
    assert "Other sources" not in [header.value for header in _open(open_page, "External").header]
    measure_other_sources(artifacts)
    app = _open(open_page, "External")
    assert "Other sources" in [header.value for header in app.header]
    tumor_free, tumors = (table.value for table in app.table[-2:])
    assert tumor_free.loc["TCGA-LGG: axial", "Tumour suspected"].startswith("12.0% (")
    assert tumors.loc["TCGA-LGG: T1", "AUC within patients"].startswith("0.80 (")


def test_held_out_sources_are_shown_in_the_section_on_other_sources(artifacts: Settings, open_page: Open) -> None:
    measure_leave_one_source_out(artifacts)
    app = _open(open_page, "External")
    assert "Other sources" in [header.value for header in app.header]
    held_out, tumor_free = (table.value for table in app.table[-2:])
    assert held_out.loc["TCGA-LGG", "AUC"].startswith("0.87 (")
    assert tumor_free.loc["TCGA-LGG: axial", "Tumour as most likely class"].startswith("7.0% (")


def test_whole_studies_are_shown_with_the_few_volumes_apart(artifacts: Settings, open_page: Open) -> None:
    measure_whole_studies(artifacts)
    app = _open(open_page, "External")
    assert "Whole studies" in [header.value for header in app.header]
    assert "too few whole volumes" in words(app)
    assert app.table[-1].value.loc["Whole volumes", "No tumour: no tumour found"] == "100%; 1 study of 1 patient"


def test_false_alarms_are_stated_by_plane_and_source(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    measure_other_sources(artifacts)
    summary = other_sources.summarize_false_alarms(read_version_report("v1").checks["sources"])
    assert summary in words(_open(open_page, "Scores"))
    assert "On tumours from another collection" not in words(_open(open_page, "Scores"))
    assert summary in words(open_page("summary"))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"checks": 3}', '{"checks": {"external": {"metrics": 1, "curves": [2]}}}']
)
def test_damaged_stress_test_counts_as_missing(content: str, artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "stress_test.json").write_text(content, encoding="utf-8")
    for tab in STRESS_TESTED:
        assert "braintumor stress-test v1" in words(_open(open_page, tab))


def test_summaries_are_computed_from_the_metrics(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    metrics = read_version_report("v1").evaluation["test"]
    assert summaries.summarize_verdicts(metrics) in words(_open(open_page, "Scores"))
    assert summaries.summarize_uncertainty(metrics) in words(_open(open_page, "Uncertainty"))
    assert summaries.summarize_localization(metrics) in words(_open(open_page, "Localization"))


def test_areas_under_a_curve_have_three_digits_on_all_tabs() -> None:
    area = Metric(0.9954, (0.991, 0.998))
    assert metric_value("roc_auc", area) == "0.995 (0.991 to 0.998)"
    assert metric_value("accuracy", area) == "99.5% (99.1 to 99.8)"


def test_subgroup_tables_have_the_same_order_of_columns() -> None:
    metrics = {f"accuracy@origin:{name}": Metric(0.9) for name in ("a", "b")}
    metrics |= {"tumor_specificity@origin:a": Metric(0.8), "tumor_sensitivity@origin:b": Metric(0.7)}
    rows = subgroup_rows(metrics, "origin")
    assert list(rows["a"].items())[1:] == [
        ("Accuracy", "90.0%"), ("Tumour sensitivity", ""), ("Tumour specificity", "80.0%"),
    ]  # fmt: skip


@pytest.mark.parametrize(("epochs", "mode"), [(1, "markers"), (2, "lines")])
def test_learning_curves_of_one_epoch_are_points(epochs: int, mode: str) -> None:
    columns = ("accuracy", "val_accuracy", "loss", "val_loss")
    history = pd.DataFrame({"epoch": range(1, epochs + 1), **dict.fromkeys(columns, 0.5)})
    assert {trace.mode for trace in plot_learning_curves(history, 1)[0].data} == {mode}


def test_gallery_shows_worst_and_best_scans(artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    app = _open(open_page, "Localization")
    dice = read_predictions("v1").query("split == 'test'")["dice"].dropna().sort_values()
    assert f"Dice {dice.iloc[0]:.2f}" in words(app)
    next(group for group in app.button_group if group.key == "gallery-fit").set_value("Best").run()
    assert not app.exception
    assert f"Dice {dice.iloc[-1]:.2f}" in words(app)


def test_cell_of_the_confusion_matrix_lists_its_scans(artifacts: Settings, open_page: Open) -> None:
    app = _open(open_page, "Scores")
    for key in ("cell-truth", "cell-called"):
        next(box for box in app.selectbox if box.key == key).set_value(TumorClass.PITUITARY)
    app.run()
    assert not app.exception
    expected = read_predictions("v1").query("split == 'test' and label == 'pituitary' and predicted == 'pituitary'")
    assert sorted(app.dataframe[0].value["path"]) == sorted(expected["path"])
    assert f"{len(expected)} scan" in words(app)


def test_click_selects_a_cell_and_other_clicks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, object] = {}
    monkeypatch.setattr("app_pages.components.performance.confusion.st.session_state", state)
    select_cell({"selection": {"points": [{"x": "Glioma", "y": "No tumour"}]}})
    assert state == {"cell-truth": "notumor", "cell-called": "glioma"}
    for event in (None, {}, {"selection": {"points": []}}, {"selection": {"points": [{"x": "Elsewhere", "y": 1}]}}):
        select_cell(event)
    assert state == {"cell-truth": "notumor", "cell-called": "glioma"}


def test_versions_are_compared_with_intervals(artifacts: Settings, open_page: Open) -> None:
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


@pytest.mark.parametrize(("old", "new"), [("Where", "Localization"), ("Speed", "Latency")])
def test_links_to_renamed_tabs_still_work(old: str, new: str, artifacts: Settings, open_page: Open) -> None:
    measure(artifacts)
    assert words(_open(open_page, old)) == words(_open(open_page, new))
