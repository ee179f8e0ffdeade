"""Explorer tab: distributions, outliers, filters, search and download."""

import io

import pandas as pd
import pytest

from app_pages.components.visualizer.manifest_table import search_rows, to_csv_bytes
from braintumor.datasets.manifest import read_manifest
from braintumor.enums import TumorClass
from braintumor.exploration.charts import (
    summarize_distribution,
    summarize_histogram,
    summarize_scatter,
)
from braintumor.exploration.image_features import load_image_features
from braintumor.exploration.outliers import find_outliers, summarize_outliers
from braintumor.exploration.statistics import load_statistics
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import choose, clear_caches, list_alts, list_tile_alts


def test_distribution_follows_feature_and_grouping(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Explorer")
    table = load_image_features(read_manifest())
    assert summarize_distribution(table, "entropy") in words(app)
    app.selectbox(key="explorer-feature").set_value("sharpness").run()
    choose(app, "explorer-by", "plane")
    assert list_alts(app) == [summarize_distribution(table, "sharpness", "plane")]


def test_outliers_are_shown_and_summarized(
    explored: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "braintumor.exploration.outliers.OUTLIER_DEVIATIONS", 4.0
    )  # with 24 images per class, the maximum is below 6
    path = explored.dataset_outputs / "image_features.csv"
    table = pd.read_csv(path).assign(noise=0.01)
    table.loc[7, "noise"] = 0.9
    table.to_csv(path, index=False)
    clear_caches()
    app = choose(open_page("visualizer", look="Explorer"), "explorer-view", "Outliers")
    outliers = find_outliers(load_image_features(read_manifest()))
    assert table.loc[7, "path"] in set(outliers["path"])
    assert summarize_outliers(outliers, len(table)) in words(app)
    assert len(list_tile_alts(app)) == min(6, len(outliers))
    assert len(app.dataframe[0].value) == len(outliers)


def test_filters_apply_to_the_scatter_plot(explored: Settings, open_page: Open) -> None:
    app = choose(
        choose(open_page("visualizer", look="Explorer"), "explorer-view", "Scatter"),
        "explorer-labels",
        [TumorClass.NOTUMOR],
    )
    app.selectbox(key="explorer-split").set_value("train").run()
    table = load_image_features(read_manifest())
    selected = table[(table["label"] == TumorClass.NOTUMOR) & (table["split"] == "train")]
    assert list_alts(app) == [summarize_scatter(selected, "mean", "spread")]


def test_empty_selection_is_reported(explored: Settings, open_page: Open) -> None:
    for view in ("Distribution", "Tumours", "Outliers", "Table"):
        app = choose(open_page("visualizer", look="Explorer"), "explorer-view", view)
        assert "No images match" in words(choose(app, "explorer-labels", []))


def test_gray_levels_and_tumors_have_summaries(explored: Settings, open_page: Open) -> None:
    app = choose(open_page("visualizer", look="Explorer"), "explorer-view", "Grey levels")
    assert list_alts(app) == [summarize_histogram(load_statistics())]
    tumors = pd.read_csv(explored.dataset_outputs / "tumors.csv")
    text = words(choose(app, "explorer-view", "Tumours"))
    assert summarize_distribution(tumors, "area") in text
    assert f"{len(tumors)} tumours" in text


def test_no_tumor_images_have_no_tumor_features(explored: Settings, open_page: Open) -> None:
    app = choose(
        choose(open_page("visualizer", look="Explorer"), "explorer-view", "Tumours"),
        "explorer-labels",
        [TumorClass.NOTUMOR],
    )
    assert "None of these images has a tumour mask" in words(app)


def test_table_shows_the_search_result(explored: Settings, open_page: Open) -> None:
    app = choose(open_page("visualizer", look="Explorer"), "explorer-view", "Table")
    assert len(app.dataframe[0].value) == len(read_manifest())
    app.text_input(key="explorer-search").set_value("TESTING glioma").run()
    table = app.dataframe[0].value
    assert len(table)
    assert all(path.startswith("Testing/glioma/") for path in table["path"])


@pytest.mark.parametrize("query", ["", "  ", "no such thing", "(", "glioma axial"])
def test_search_matches_every_word(query: str, explored: Settings) -> None:
    manifest = read_manifest()
    text = [" ".join(map(str, row)).casefold() for row in manifest.itertuples(index=False)]
    expected = [all(word in line for word in query.split()) for line in text]
    assert search_rows(manifest, query).index.tolist() == manifest.index[expected].tolist()


def test_downloaded_table_equals_the_manifest(explored: Settings) -> None:
    manifest = read_manifest()
    content = to_csv_bytes(manifest)
    assert content.startswith(b"\xef\xbb\xbf"), "Excel needs a byte order mark"
    downloaded = pd.read_csv(io.BytesIO(content), keep_default_na=False)
    pd.testing.assert_frame_equal(downloaded, manifest, check_dtype=False)


def test_missing_features_name_the_command(artifacts: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Explorer")
    for view in ("Distribution", "Scatter", "Tumours", "Outliers"):
        assert "braintumor explore" in words(choose(app, "explorer-view", view))
