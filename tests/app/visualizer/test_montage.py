"""Montage tab: sampling, outlines, enlarged tiles, download and previews."""

import io
from pathlib import Path

from PIL import Image

from app_pages.components.visualizer.image_grid import tiles_to_png
from braintumor.datasets.manifest import read_manifest
from braintumor.enums import Plane, Split, TumorClass
from braintumor.exploration.montage import load_tiles, sample_rows
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import choose, list_tile_alts


def test_montage_is_reproducible_by_seed(explored: Settings, open_page: Open) -> None:
    first = list_tile_alts(open_page("visualizer", look="Montage"))
    app = open_page("visualizer", look="Montage")
    assert len(first) == 12
    assert list_tile_alts(app) == first
    next(button for button in app.button if button.label == "New montage").click().run()
    assert list_tile_alts(app) != first
    assert app.number_input(key="seed").value == 1


def test_montage_matches_the_filters(explored: Settings, open_page: Open) -> None:
    app = choose(open_page("visualizer", look="Montage"), "montage-labels", [TumorClass.GLIOMA, TumorClass.PITUITARY])
    choose(choose(app, "montage-plane", str(Plane.CORONAL)), "montage-split", str(Split.TRAIN))
    manifest = read_manifest()
    matches = sample_rows(
        manifest, len(manifest), 0, [TumorClass.GLIOMA, TumorClass.PITUITARY], Plane.CORONAL, Split.TRAIN
    )
    names = [alt.split(",")[0] for alt in list_tile_alts(app)]
    assert names == [Path(path).name for path in matches["path"].head(12)]
    assert (
        f"{len(names)} images of {len(matches)} of glioma and pituitary tumour, coronal plane, training split"
        in words(app)
    )


def test_montage_has_the_chosen_number_of_tiles(explored: Settings, open_page: Open) -> None:
    assert len(list_tile_alts(choose(open_page("visualizer", look="Montage"), "montage-size", "24"))) == 24


def test_outlines_are_counted(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    app.toggle(key="montage-outlines").set_value(True).run()
    assert not app.exception
    outlined = [alt for alt in list_tile_alts(app) if "tumour outlined" in alt]
    assert outlined
    assert f"{len(outlined)} of them have a tumour mask" in words(app)


def test_click_enlarges_a_tile_with_its_manifest_data(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    before = list_tile_alts(app)
    app.button(key="enlarge-3").click().run()
    assert not app.exception
    assert list_tile_alts(app).count(before[3]) == 2
    row = read_manifest().set_index("path").filter(like=before[3].split(",")[0], axis=0).iloc[0]
    assert row["group"] in [str(value) for table in app.table for value in table.value["Value"]]


def test_montage_is_downloaded_as_png(explored: Settings) -> None:
    tiles = load_tiles(read_manifest().head(7), outlines=True)
    with Image.open(io.BytesIO(tiles_to_png(tiles))) as image:
        assert image.format == "PNG"
        assert image.width > image.height


def test_no_class_asks_for_one(explored: Settings, open_page: Open) -> None:
    app = choose(open_page("visualizer", look="Montage"), "montage-labels", [])
    assert "at least one class" in words(app)
    assert list_tile_alts(app) == []


def test_without_images_previews_are_shown_and_filtered(without_images: Settings, open_page: Open) -> None:
    app = open_page("visualizer", look="Montage")
    assert "braintumor data fetch" in words(app)
    app = choose(choose(app, "montage-labels", [TumorClass.PITUITARY]), "montage-plane", str(Plane.SAGITTAL))
    assert len(list_tile_alts(app)) == 12
    assert all("Pituitary tumour, preview; sagittal plane" in alt for alt in list_tile_alts(app))
    assert "phantom" not in words(app)
