"""All tabs of the Visualizer without images, without outputs and with damaged files."""

from pathlib import Path

import pytest

from braintumor.datasets.manifest import read_manifest
from braintumor.enums import TumorClass
from braintumor.exploration.leakage_report import load_leakage_report
from braintumor.exploration.statistics import load_statistics
from braintumor.exploration.summaries import (
    summarize_average,
)
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.charts import charts_without_downloads
from tests.helpers.apptest.visualizer import TABS, choose, clear_caches, list_alts, list_tile_alts
from tests.helpers.e2e.routes import VIEWS


def test_other_tabs_work_without_images(without_images: Settings, open_page: Open) -> None:
    assert list_alts(open_page("visualizer"))
    assert list_alts(open_page("visualizer", look="Explorer"))
    text = words(open_page("visualizer", look="Leakage"))
    assert load_leakage_report(read_manifest()).summary in text
    assert "braintumor data fetch" in text


def test_missing_image_names_the_command(explored: Settings, open_page: Open, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    (tmp_path / "bare" / "brain-tumor-mri-dataset").mkdir(parents=True)
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "bare"))
    clear_caches()
    for tab in ("Montage", "Leakage"):
        app = open_page("visualizer", look=tab)
        assert not app.exception
        assert "braintumor data fetch" in words(app)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_names_a_command_without_outputs(tab: str, empty: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look=tab)
    assert not app.exception
    assert "braintumor " in words(app)


@pytest.mark.parametrize("tab", TABS)
def test_every_figure_has_a_text_alternative(tab: str, explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look=tab)
    alts = list_alts(app) + list_tile_alts(app)
    assert alts
    assert all(len(alt) > 10 for alt in alts)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["image_features.csv", "tumors.csv", "exploration.json", "near_duplicates.csv.gz"])
def test_damaged_file_affects_only_its_content(file: str, explored: Settings, open_page: Open) -> None:
    (explored.dataset_outputs / file).write_bytes(b"\x00broken,\x00\n1")
    for tab in TABS:
        app = open_page("visualizer", look=tab)
        assert not app.exception
        if tab == "Explorer":
            choose(app, "explorer-view", "Tumours")
    assert summarize_average(load_statistics(), TumorClass.GLIOMA) in words(open_page("visualizer"))


@pytest.mark.slow
def test_every_chart_of_every_view_has_downloads(explored: Settings, open_page: Open) -> None:
    for tab, control in (("Maps", "map-view"), ("Explorer", "explorer-view")):
        app = open_page("visualizer", look=tab)
        for view in VIEWS[tab]:
            choose(app, control, view)
            assert app.get("plotly_chart") or view in ("Outliers", "Table"), view
            assert charts_without_downloads(app) == [], view
