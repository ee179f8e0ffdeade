"""Leakage tab: counts, pairs and tables."""

from braintumor.datasets.manifest import read_manifest
from braintumor.exploration.leakage_report import load_leakage_report
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import list_tile_alts


def test_leakage_has_numbers_tables_and_images(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Leakage")
    assert not app.exception
    report = load_leakage_report(read_manifest())
    assert report.summary in words(app)
    assert f"{report.numbers['groups']:,}" in [metric.value for metric in app.metric]
    assert len(app.dataframe[0].value) == report.numbers["twin_pairs_across"]
    assert len(list_tile_alts(app)) % 2 == 0
    assert list_tile_alts(app)


def test_toggle_shows_all_pairs(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Leakage")
    app.toggle(key="near-duplicates-across").set_value(False).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == load_leakage_report(read_manifest()).numbers["twin_pairs"]


def test_other_pairs_button_shows_pairs(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Leakage")
    next(button for button in app.button if button.label == "Other pairs").click().run()
    assert not app.exception
    assert list_tile_alts(app)
