"""The field on the Performance page: a table to sort, a chart with words, real differences, and what is not here."""

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.results.comparison import read_comparison
from braintumor.results.comparison_summary import summarize_pair, summarize_pairs
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.versions.comparison import write_comparison


def _open(open_page: Open) -> AppTest:
    app = open_page("performance", part="Compare")
    assert not app.exception
    return app


def test_without_a_comparison_the_command_is_named(artifacts: Settings, open_page: Open) -> None:
    assert "braintumor compare" in words(_open(open_page))


def test_the_table_holds_numbers_that_can_be_sorted(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    table = _open(open_page).dataframe[0].value.set_index("version")
    assert list(table.index) == ["v1", "two"]
    assert table["accuracy"].to_dict() == pytest.approx({"v1": 91, "two": 93})
    assert all(table[name].dtype.kind in "fi" for name in ("milliseconds", "bytes", "official_accuracy"))
    assert table.loc["v1", "official_accuracy"] == pytest.approx(98)


def test_the_chart_says_what_it_shows(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    app = _open(open_page)
    said = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert any("v1 95.0%" in alt and "two 93.0%" in alt and "at 9.00" in alt for alt in said)
    next(group for group in app.button_group if group.key == "field-question").set_value("accuracy").run()
    assert not app.exception
    said = [chart.proto.alt for chart in app.get("plotly_chart") if "time" in chart.proto.alt]
    assert all("two" not in alt for alt in said)  # it tells no kinds


def test_differences_are_said_in_computed_sentences(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    (pair,) = read_comparison(artifacts).pairs["tumor_accuracy"]
    said = words(_open(open_page))
    assert summarize_pair(pair, "tumor_accuracy") in said
    assert summarize_pairs([pair], "tumor_accuracy") in said
    assert "Tells no kinds." in said


def test_what_is_not_trained_here_is_named_with_its_command(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    said = words(_open(open_page))
    assert "Not trained here" in said
    assert "**v2**: VGG16, from ImageNet's weights" in said
    assert "braintumor train v2" in said


def test_a_comparison_of_earlier_models_is_marked(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    assert "Compare again" not in words(_open(open_page))
    path = artifacts.outputs / "v1" / "card.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"temperature": 1.0', '"temperature": 1.5'), encoding="utf-8"
    )
    assert "Changed or made after this was compared: v1" in words(_open(open_page))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"versions": [{"version": "v1", "test": 3}], "pairs": {"accuracy": 1}}']
)
def test_a_damaged_comparison_costs_nothing_else(content: str, artifacts: Settings, open_page: Open) -> None:
    folder = artifacts.outputs / "comparison"
    folder.mkdir()
    (folder / "comparison.json").write_text(content, encoding="utf-8")
    assert "Metric by metric" in words(_open(open_page))
