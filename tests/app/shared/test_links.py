"""A link restores the view of Performance, Hypotheses, History and Dashboard."""

from typing import Any

from streamlit.testing.v1 import AppTest

from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.detection import add_second_version
from tests.helpers.apptest.history import switch_on
from tests.helpers.storage.readings import insert_readings


def _segment(app: AppTest, key: str) -> Any:
    return next(group.value for group in app.button_group if group.key == key)


def test_link_restores_version_tab_and_images(artifacts: Settings, open_page: Open) -> None:
    add_second_version(artifacts)
    app = open_page("performance", version="v2", part="Curves", curves="Validation")
    assert app.selectbox("version").value == "v2"
    assert _segment(app, "curves") == "validation"
    assert dict(app.query_params) == {"version": "v2", "part": "Curves", "curves": "Validation"}
    assert open_page("hypotheses", version="v2").selectbox("version").value == "v2"


def test_link_to_a_missing_version_shows_the_default_and_says_so(artifacts: Settings, open_page: Open) -> None:
    app = open_page("performance", version="v9")
    assert not app.exception
    assert [each.value for each in app.toast] == [
        'The link asks for model version "v9", which does not exist here. It was ignored.'
    ]


def test_link_restores_search_and_order_of_the_history(artifacts: Settings, open_page: Open) -> None:
    insert_readings(*switch_on(), [{"verdict": "uncertain", "name": "a.png"}, {"verdict": "tumor suspected"}])
    link = {"history-verdict": "Uncertain", "history-order": "Oldest first", "history-from": "2020-01-31"}
    app = open_page("history", **link)
    assert app.selectbox("history-order").value == "Oldest first"
    rows = [box.label for box in app.checkbox if box.label.startswith("Select ") and box.key != "select-all"]
    assert rows == [r"Select a\.png"]
    assert dict(app.query_params) == link
    for key in ("history-from", "history-verdict"):
        assert len(open_page("history", **{key: "2020-31"}).toast) == 1


def test_names_that_are_searched_stay_out_of_the_address(artifacts: Settings, open_page: Open) -> None:
    insert_readings(*switch_on(), [{"name": "a.png"}])
    app = open_page("history", **{"history-name": "zzz"})
    assert app.text_input("history-name").value == ""


def test_link_restores_period_and_version_of_the_dashboard(artifacts: Settings, open_page: Open) -> None:
    insert_readings(*switch_on(), [{"verdict": "uncertain", "version": "v4"}, {"version": "v5"}])
    app = open_page("dashboard", **{"period": "All time", "dashboard-version": "v5"})
    assert "**1 reading** by v5" in words(app)
    assert _segment(open_page("dashboard", period="30 days"), "period") == "30 days"
