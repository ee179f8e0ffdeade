"""The Compare tab shows a sortable table, a chart, significant differences and missing versions."""

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


def test_missing_comparison_names_its_command(artifacts: Settings, open_page: Open) -> None:
    assert "braintumor compare" in words(_open(open_page))


def test_table_has_sortable_numbers(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    table = _open(open_page).dataframe[0].value.set_index("version")
    assert list(table.index) == ["v1", "two"]
    assert table["accuracy"].to_dict() == pytest.approx({"v1": 91, "two": 93})
    assert all(table[name].dtype.kind in "fi" for name in ("milliseconds", "bytes", "official_accuracy"))
    assert table.loc["v1", "official_accuracy"] == pytest.approx(98)


def test_chart_has_a_text_alternative(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    app = _open(open_page)
    alts = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert any("v1 95.0%" in alt and "two 93.0%" in alt and "at 9.00" in alt for alt in alts)
    next(group for group in app.button_group if group.key == "field-question").set_value("accuracy").run()
    assert not app.exception
    alts = [chart.proto.alt for chart in app.get("plotly_chart") if "time" in chart.proto.alt]
    assert alts
    assert all("two" not in alt for alt in alts)  # a binary model


def test_differences_are_summarized(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    (pair,) = read_comparison(artifacts).pairs["tumor_accuracy"]
    text = words(_open(open_page))
    assert summarize_pair(pair, "tumor_accuracy") in text
    assert summarize_pairs([pair], "tumor_accuracy") in text
    assert "Predicts no tumour type." in text


def test_missing_version_names_its_command(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    text = words(_open(open_page))
    assert "Not trained here" in text
    assert "**v2**: VGG16, with ImageNet weights" in text
    assert "braintumor train v2" in text


def test_outdated_comparison_is_marked(artifacts: Settings, open_page: Open) -> None:
    write_comparison(artifacts)
    assert "Changed since the comparison" not in words(_open(open_page))
    path = artifacts.outputs / "v1" / "card.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"temperature": 1.0', '"temperature": 1.5'), encoding="utf-8"
    )
    assert "Changed since the comparison: v1" in words(_open(open_page))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"versions": [{"version": "v1", "test": 3}], "pairs": {"accuracy": 1}}']
)
def test_damaged_comparison_leaves_the_rest_of_the_tab(content: str, artifacts: Settings, open_page: Open) -> None:
    folder = artifacts.outputs / "comparison"
    folder.mkdir()
    (folder / "comparison.json").write_text(content, encoding="utf-8")
    assert "Metric by metric" in words(_open(open_page))
