"""The Visualizer page: every tab with a full outputs folder, with none, and without the images themselves."""

import io
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from app_pages.components.visualizer import profile
from app_pages.components.visualizer.image_grid import tiles_to_png
from app_pages.components.visualizer.manifest_table import search_rows, to_csv_bytes
from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.masks import fetch_masks
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.enums import CLASSES, Plane, Split, TumorClass
from braintumor.exploration.charts import (
    load_image_features,
    summarize_distribution,
    summarize_histogram,
    summarize_scatter,
)
from braintumor.exploration.explore import explore_dataset
from braintumor.exploration.leakage_report import load_leakage_report
from braintumor.exploration.montage import PHANTOM_CAPTION, load_tiles, sample_rows
from braintumor.exploration.outliers import find_outliers, summarize_outliers
from braintumor.exploration.statistics import load_statistics
from braintumor.exploration.summaries import (
    summarize_atlas,
    summarize_average,
    summarize_difference,
    summarize_effect,
    summarize_profile,
    summarize_variability,
)
from braintumor.settings import Settings, get_settings
from tests.app.conftest import Open, words

TABS = ("Maps", "Montage", "Explorer", "Leakage")
NO, GLIOMA, PITUITARY = TumorClass.NOTUMOR, TumorClass.GLIOMA, TumorClass.PITUITARY


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Phantoms with masks, audited, split and explored."""
    folder = tmp_path_factory.mktemp("explored")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=24, seed=5)
    fetch_masks(settings.dataset / "masks", settings)
    audit_dataset(settings)
    split_dataset(settings=settings)
    explore_dataset(settings)
    return settings


@pytest.fixture
def explored(everything: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The same, in use; the outputs are this test's own."""
    shutil.copytree(everything.outputs, tmp_path / "outputs")
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(everything.inputs))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(tmp_path / "outputs"))
    _forget()
    return get_settings()


@pytest.fixture
def without_images(explored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Everything computed, but the images themselves are elsewhere."""
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "none"))
    _forget()
    return get_settings()


def _forget() -> None:
    get_settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


def _set(app: AppTest, key: str, value: object) -> AppTest:
    """Choose in a row of buttons."""
    next(group for group in app.button_group if group.key == key).set_value(value).run()
    assert not app.exception
    return app


def _options(app: AppTest, key: str) -> list[str]:
    return next(list(group.options) for group in app.button_group if group.key == key)


def _alts(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("plotly_chart")]


def _tiles(app: AppTest) -> list[str]:
    return [image.alt for element in app.get("image") for image in element.proto.imgs]


def _view(open_page: Open, view: str) -> AppTest:
    return _set(open_page("visualizer"), "map-view", view)


@pytest.mark.parametrize("label", CLASSES)
def test_a_class_is_described_in_computed_sentences(label: TumorClass, explored: Settings, open_page: Open) -> None:
    app = _set(_view(open_page, "Side by side"), "map-class", label)
    assert summarize_average(load_statistics(), label) in words(app)
    assert summarize_variability(load_statistics(), label) in words(app)


def test_each_map_says_what_it_shows_and_so_does_its_text_alternative(explored: Settings, open_page: Open) -> None:
    known = load_statistics()
    expected = {
        "Average": summarize_average(known, GLIOMA),
        "Variability": summarize_variability(known, GLIOMA),
        "Difference": summarize_difference(known, GLIOMA, NO),
        "Effect size": summarize_effect(known, GLIOMA, NO),
        "Tumour atlas": summarize_atlas(known, GLIOMA),
    }
    app = open_page("visualizer")
    for view, sentence in expected.items():
        _set(app, "map-view", view)
        assert sentence in words(app)
        assert _alts(app) == [sentence]


def test_a_plane_narrows_the_view_and_outlasts_a_change_of_view(explored: Settings, open_page: Open) -> None:
    app = _set(open_page("visualizer"), "map-plane", str(Plane.AXIAL))
    assert summarize_average(load_statistics(), GLIOMA, Plane.AXIAL) in words(app)
    assert summarize_variability(load_statistics(), GLIOMA, Plane.AXIAL) in words(_set(app, "map-view", "Variability"))


def test_any_pair_can_be_compared_no_tumour_first(explored: Settings, open_page: Open) -> None:
    app = _view(open_page, "Difference")
    assert _options(app, "map-other")[0] == NO.title
    _set(_set(app, "map-class", NO), "map-other", PITUITARY)
    assert summarize_difference(load_statistics(), NO, PITUITARY) in words(app)
    _set(app, "map-of", "variability")
    assert summarize_difference(load_statistics(), NO, PITUITARY, map_name="variability") in words(app)


def test_a_class_is_never_compared_with_itself(explored: Settings, open_page: Open) -> None:
    app = _set(_set(_view(open_page, "Difference"), "map-other", PITUITARY), "map-class", PITUITARY)
    assert PITUITARY.title not in _options(app, "map-other")
    assert summarize_difference(load_statistics(), PITUITARY, NO) in words(app)


def test_a_profile_follows_the_numbers(explored: Settings, open_page: Open) -> None:
    app = _view(open_page, "Profile")
    for title, value in zip(("x0", "y0", "x1", "y1"), (10, 20, 200, 150), strict=True):
        app.number_input(key=f"line-{title}").set_value(value)
    app.run()
    assert not app.exception
    said = summarize_profile(load_statistics(), [GLIOMA, NO], (10, 20), (200, 150))
    assert said in words(app)
    assert said in _alts(app)


def test_a_stroke_sets_the_line_and_stays_within_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    stroke = {"x": [-4.2, 50.0, 99.6], "y": [3.4, 8.0, 300.0]}
    state = {"picture": {"selection": {"lasso": [stroke]}}}
    monkeypatch.setattr(profile.st, "session_state", state)
    profile.update_line("picture", 100, 80)
    assert [state[f"line-{end}"] for end in ("x0", "y0", "x1", "y1")] == [0, 3, 99, 79]


def test_a_click_sets_the_start_of_the_line_and_the_next_one_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {"picture": {"selection": {"lasso": [], "points": [{"x": 12, "y": 7}]}}}
    monkeypatch.setattr(profile.st, "session_state", state)
    profile.update_line("picture", 100, 80)
    assert [state.get(f"line-{end}") for end in ("x0", "y0", "x1", "y1")] == [12, 7, None, None]
    state["picture"]["selection"]["points"] = [{"x": 62, "y": 77}]
    profile.update_line("picture", 100, 80)
    assert [state[f"line-{end}"] for end in ("x0", "y0", "x1", "y1")] == [12, 7, 62, 77]
    state["picture"]["selection"]["points"] = [{"x": 2, "y": 3}]
    profile.update_line("picture", 100, 80)
    assert [state[f"line-{end}"] for end in ("x0", "y0", "x1", "y1")] == [2, 3, 62, 77]


def test_a_line_half_set_says_what_to_do_next(explored: Settings, open_page: Open) -> None:
    app = _view(open_page, "Profile")
    assert "Drag across either picture" in words(_set(app, "line-by", "A stroke"))
    assert "where the line shall start" in words(_set(app, "line-by", "Two clicks"))
    app.session_state["line-started"] = True
    app.number_input(key="line-x0").set_value(40).run()
    assert "starts at column 40" in words(app)
    assert "Click where it shall end" in words(app)


def test_no_stroke_leaves_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"picture": {"selection": {"lasso": []}}}
    monkeypatch.setattr(profile.st, "session_state", state)
    profile.update_line("picture", 100, 80)
    assert list(state) == ["picture"]


def test_statistics_without_masks_say_how_to_get_them(artifacts: Settings, open_page: Open) -> None:
    said = words(_view(open_page, "Tumour atlas"))
    assert "braintumor data fetch --masks" in said
    assert "braintumor explore" in said


def test_too_few_groups_for_an_effect_are_said_to_be_too_few(artifacts: Settings, open_page: Open) -> None:
    assert summarize_effect(load_statistics(), GLIOMA, NO) in words(_view(open_page, "Effect size"))


def test_damaged_statistics_read_as_none(explored: Settings, open_page: Open) -> None:
    (explored.dataset_outputs / "statistics.npz").write_bytes(b"not an archive")
    app = open_page("visualizer")
    assert not app.exception
    assert "braintumor explore" in words(app)


def test_a_montage_is_the_same_for_the_same_seed(explored: Settings, open_page: Open) -> None:
    first = _tiles(open_page("visualizer", look="Montage"))
    again = open_page("visualizer", look="Montage")
    assert len(first) == 12
    assert _tiles(again) == first
    next(button for button in again.button if button.label == "New montage").click().run()
    assert _tiles(again) != first
    assert again.number_input(key="seed").value == 1


def test_a_montage_shows_the_classes_plane_and_split_that_were_chosen(explored: Settings, open_page: Open) -> None:
    app = _set(open_page("visualizer", look="Montage"), "montage-labels", [GLIOMA, PITUITARY])
    _set(_set(app, "montage-plane", str(Plane.CORONAL)), "montage-split", str(Split.TRAIN))
    manifest = read_manifest()
    fits = sample_rows(manifest, len(manifest), 0, [GLIOMA, PITUITARY], Plane.CORONAL, Split.TRAIN)
    shown = [alt.split(",")[0] for alt in _tiles(app)]
    assert shown == [Path(path).name for path in fits["path"].head(12)]
    assert f"{len(shown)} images of {len(fits)} of glioma and pituitary, coronal plane, training split" in words(app)


def test_a_montage_has_as_many_tiles_as_asked_for(explored: Settings, open_page: Open) -> None:
    assert len(_tiles(_set(open_page("visualizer", look="Montage"), "montage-size", "24"))) == 24


def test_outlines_are_counted_and_told(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    app.toggle(key="montage-outlines").set_value(True).run()
    assert not app.exception
    outlined = [alt for alt in _tiles(app) if "the tumour outlined" in alt]
    assert outlined
    assert f"{len(outlined)} of them have a tumour mask" in words(app)


def test_a_click_enlarges_a_tile_with_what_is_known_of_it(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    before = _tiles(app)
    app.button(key="enlarge-3").click().run()
    assert not app.exception
    assert _tiles(app).count(before[3]) == 2
    row = read_manifest().set_index("path").filter(like=before[3].split(",")[0], axis=0).iloc[0]
    assert row["group"] in [str(value) for table in app.table for value in table.value["Value"]]


def test_a_montage_comes_as_one_png(explored: Settings) -> None:
    found = load_tiles(read_manifest().head(7), outlines=True)
    with Image.open(io.BytesIO(tiles_to_png(found))) as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height


def test_no_class_chosen_asks_for_one(explored: Settings, open_page: Open) -> None:
    app = _set(open_page("visualizer", look="Montage"), "montage-labels", [])
    assert "at least one class" in words(app)
    assert _tiles(app) == []


def test_without_images_phantoms_stand_in_and_say_so(without_images: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    assert not app.exception
    assert "braintumor data fetch" in words(app)
    assert len(_tiles(app)) == 12
    assert all(PHANTOM_CAPTION in alt for alt in _tiles(app))
    assert words(app).count(PHANTOM_CAPTION) == 12


def test_without_images_the_other_tabs_still_show(without_images: Settings, open_page: Open) -> None:
    assert _alts(open_page("visualizer"))
    assert _alts(open_page("visualizer", look="Explorer"))
    said = words(open_page("visualizer", look="Leakage"))
    assert load_leakage_report(read_manifest()).summary in said
    assert "braintumor data fetch" in said


def test_a_missing_image_says_how_to_restore_it(explored: Settings, open_page: Open, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    (tmp_path / "bare" / "brain-tumor-mri-dataset").mkdir(parents=True)
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "bare"))
    _forget()
    for tab in ("Montage", "Leakage"):
        app = open_page("visualizer", look=tab)
        assert not app.exception
        assert "braintumor data fetch" in words(app)


def test_facts_are_distributed_over_whatever_is_chosen(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Explorer")
    table = load_image_features(read_manifest())
    assert summarize_distribution(table, "entropy") in words(app)
    app.selectbox(key="explorer-fact").set_value("sharpness").run()
    _set(app, "explorer-by", "plane")
    assert _alts(app) == [summarize_distribution(table, "sharpness", "plane")]


def test_images_out_of_place_are_shown_and_told(
    explored: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "braintumor.exploration.outliers.OUTLIER_DEVIATIONS", 4.0
    )  # no one of two dozen can lie further off
    path = explored.dataset_outputs / "image_features.csv"
    table = pd.read_csv(path).assign(noise=0.01)
    table.loc[7, "noise"] = 0.9
    table.to_csv(path, index=False)
    _forget()
    app = _set(open_page("visualizer", look="Explorer"), "explorer-view", "Out of place")
    found = find_outliers(load_image_features(read_manifest()))
    assert table.loc[7, "path"] in set(found["path"])
    assert summarize_outliers(found, len(table)) in words(app)
    assert len(_tiles(app)) == min(6, len(found))
    assert len(app.dataframe[0].value) == len(found)


def test_filters_narrow_the_facts(explored: Settings, open_page: Open) -> None:
    app = _set(_set(open_page("visualizer", look="Explorer"), "explorer-view", "Scatter"), "explorer-labels", [NO])
    app.selectbox(key="explorer-split").set_value("train").run()
    table = load_image_features(read_manifest())
    kept = table[(table["label"] == NO) & (table["split"] == "train")]
    assert _alts(app) == [summarize_scatter(kept, "mean", "spread")]


def test_a_filter_that_leaves_nothing_says_so(explored: Settings, open_page: Open) -> None:
    for view in ("Distribution", "Tumours", "Out of place", "Table"):
        app = _set(open_page("visualizer", look="Explorer"), "explorer-view", view)
        assert "No image fits" in words(_set(app, "explorer-labels", []))


def test_grey_levels_and_tumours_have_their_sentences(explored: Settings, open_page: Open) -> None:
    app = _set(open_page("visualizer", look="Explorer"), "explorer-view", "Grey levels")
    assert _alts(app) == [summarize_histogram(load_statistics())]
    tumours = pd.read_csv(explored.dataset_outputs / "tumors.csv")
    said = words(_set(app, "explorer-view", "Tumours"))
    assert summarize_distribution(tumours, "area") in said
    assert f"{len(tumours)} tumours" in said


def test_healthy_scans_have_no_tumour_to_measure(explored: Settings, open_page: Open) -> None:
    app = _set(_set(open_page("visualizer", look="Explorer"), "explorer-view", "Tumours"), "explorer-labels", [NO])
    assert "None of these images has a tumour mask" in words(app)


def test_the_table_holds_what_the_search_finds(explored: Settings, open_page: Open) -> None:
    app = _set(open_page("visualizer", look="Explorer"), "explorer-view", "Table")
    assert len(app.dataframe[0].value) == len(read_manifest())
    app.text_input(key="explorer-search").set_value("TESTING glioma").run()
    found = app.dataframe[0].value
    assert len(found)
    assert all(path.startswith("Testing/glioma/") for path in found["path"])


@pytest.mark.parametrize("wanted", ["", "  ", "no such thing", "(", "glioma axial"])
def test_a_search_keeps_rows_that_hold_every_word(wanted: str, explored: Settings) -> None:
    manifest = read_manifest()
    text = [" ".join(map(str, row)).casefold() for row in manifest.itertuples(index=False)]
    expected = [all(word in line for word in wanted.split()) for line in text]
    assert search_rows(manifest, wanted).index.tolist() == manifest.index[expected].tolist()


def test_a_downloaded_table_reads_back(explored: Settings) -> None:
    manifest = read_manifest()
    again = pd.read_csv(io.BytesIO(to_csv_bytes(manifest)), keep_default_na=False)
    pd.testing.assert_frame_equal(again, manifest, check_dtype=False)


def test_facts_not_yet_computed_name_their_command(artifacts: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Explorer")
    for view in ("Distribution", "Scatter", "Tumours", "Out of place"):
        assert "braintumor explore" in words(_set(app, "explorer-view", view))


def test_leakage_is_told_in_numbers_tables_and_pictures(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Leakage")
    assert not app.exception
    report = load_leakage_report(read_manifest())
    assert report.summary in words(app)
    assert f"{report.numbers['groups']:,}" in [metric.value for metric in app.metric]
    assert len(app.dataframe[0].value) == report.numbers["twin_pairs_across"]
    assert len(_tiles(app)) % 2 == 0
    assert _tiles(app)


def test_all_pairs_are_shown_when_asked_for(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Leakage")
    app.toggle(key="twins-across").set_value(False).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == load_leakage_report(read_manifest()).numbers["twin_pairs"]


def test_other_pairs_can_be_asked_for(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Leakage")
    next(button for button in app.button if button.label == "Other pairs").click().run()
    assert not app.exception
    assert _tiles(app)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_on_empty_outputs_and_names_a_command(tab: str, empty: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look=tab)
    assert not app.exception
    assert "braintumor " in words(app)


@pytest.mark.parametrize("tab", TABS)
def test_every_figure_of_a_tab_has_a_text_alternative(tab: str, explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look=tab)
    shown = _alts(app) + _tiles(app)
    assert shown
    assert all(len(alt) > 10 for alt in shown)


@pytest.mark.parametrize("file", ["image_features.csv", "tumors.csv", "exploration.json", "near_duplicates.csv"])
def test_a_damaged_file_costs_only_what_is_in_it(file: str, explored: Settings, open_page: Open) -> None:
    (explored.dataset_outputs / file).write_bytes(b"\x00broken,\x00\n1")
    for tab in TABS:
        app = open_page("visualizer", look=tab)
        assert not app.exception
        if tab == "Explorer":
            _set(app, "explorer-view", "Tumours")
    assert summarize_average(load_statistics(), GLIOMA) in words(open_page("visualizer"))
