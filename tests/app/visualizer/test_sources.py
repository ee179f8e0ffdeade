"""External sets on the Visualizer: montage by source, counts of all sources, and rows of the table."""

from pathlib import Path

from braintumor.datasets.external.manifest import read_all_manifests, read_external_manifest
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import choose, clear_caches, list_tile_alts
from tests.helpers.scan_files.external_images import EXTERNAL_IMAGES, write_external_images


def _add_external(settings: Settings, tmp_path: Path) -> None:
    """Add external images to the inputs, which other tests share, through links."""
    inputs = tmp_path / "linked"
    inputs.mkdir()
    for folder in settings.inputs.iterdir():
        (inputs / folder.name).symlink_to(folder)
    write_external_images(settings.model_copy(update={"inputs": inputs}))
    clear_caches()


def test_montage_shows_the_chosen_source_with_its_outlines(
    explored: Settings, tmp_path: Path, open_page: Open, monkeypatch
) -> None:
    _add_external(explored, tmp_path)
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "linked"))
    clear_caches()
    app = open_page("visualizer", look="Montage")
    app.selectbox(key="montage-source").set_value("btp_t1c").run()
    app.toggle(key="montage-outlines").set_value(True).run()
    assert not app.exception
    assert "1 image of 1 of all classes, btp_t1c, sampled" in words(app)
    assert ["tumour outlined" in alt for alt in list_tile_alts(app)] == [True]
    app.selectbox(key="montage-source").set_value("openms_ljubljana").run()
    assert "Lesion, no tumour" in list_tile_alts(app)[0]


def test_without_external_images_the_montage_names_the_command(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    assert len(list_tile_alts(app)) == 12
    assert "braintumor data fetch --external --from FOLDER" in words(app)


def test_sources_are_counted_by_class_plane_contrast_and_licence(
    explored: Settings, tmp_path: Path, open_page: Open
) -> None:
    _add_external(explored, tmp_path)
    app = choose(open_page("visualizer", look="Explorer"), "explorer-view", "Sources")
    assert not app.exception
    table = app.dataframe[0].value
    assert table["images"].sum() == len(read_all_manifests())
    assert table.set_index("origin").loc["lgg_other", "licence"] == "CC-BY-3.0 AND CC-BY-NC-SA-4.0"
    assert f"{len(EXTERNAL_IMAGES)} of them from 6 sets of other sources" in words(app)


def test_table_can_be_filtered_by_external_source(explored: Settings, tmp_path: Path, open_page: Open) -> None:
    _add_external(explored, tmp_path)
    app = choose(open_page("visualizer", look="Explorer"), "explorer-view", "Table")
    app.selectbox(key="explorer-origin").set_value("openms_ljubljana").run()
    assert app.dataframe[0].value["label"].tolist() == ["other-lesion"]
    assert {"contrast", "licence", "field"} <= set(app.dataframe[0].value.columns)
    assert len(read_external_manifest()) == len(EXTERNAL_IMAGES)


def test_without_external_manifest_sources_name_the_command(explored: Settings, open_page: Open) -> None:
    app = choose(open_page("visualizer", look="Explorer"), "explorer-view", "Sources")
    assert not app.exception
    assert "braintumor data audit --external" in words(app)
