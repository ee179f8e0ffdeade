"""The Visualizer page: views follow the choices, each with its computed sentence; a montage from what is on disk."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.exploration.sentences import average_sentence, difference_sentence, variability_sentence
from braintumor.exploration.statistics import load
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES, Plane, TumorClass
from tests.app.conftest import Open, words


def _choose(app: AppTest, key: str, value: object) -> AppTest:
    next(group for group in app.button_group if group.key == key).set_value(value).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("label", CLASSES)
def test_a_class_is_described_in_computed_sentences(label: TumorClass, artifacts: Settings, open_page: Open) -> None:
    said = words(_choose(open_page("visualizer"), "Class", label))
    assert average_sentence(load(), label) in said
    assert variability_sentence(load(), label) in said


def test_a_plane_narrows_the_view(artifacts: Settings, open_page: Open) -> None:
    app = open_page("visualizer")
    key = next(group.key for group in app.button_group if group.key and group.key.startswith("class-all"))
    said = words(_choose(app, key, str(Plane.AXIAL)))
    assert average_sentence(load(), TumorClass.GLIOMA, Plane.AXIAL) in said


def test_tumour_classes_are_compared_with_healthy_scans(artifacts: Settings, open_page: Open) -> None:
    said = words(_choose(open_page("visualizer"), "Tumour class", TumorClass.PITUITARY))
    assert difference_sentence(load(), TumorClass.PITUITARY, TumorClass.NOTUMOR) in said


def test_the_text_alternative_is_the_sentence(artifacts: Settings, open_page: Open) -> None:
    alts = [chart.proto.alt for chart in open_page("visualizer").get("plotly_chart")]
    assert average_sentence(load(), TumorClass.GLIOMA) in alts


def test_a_montage_is_the_same_for_the_same_seed(artifacts: Settings, open_page: Open) -> None:
    first = _tiles(open_page("visualizer"))
    again = open_page("visualizer")
    assert _tiles(again) == first
    next(button for button in again.button if button.label == "New montage").click().run()
    assert _tiles(again) != first
    assert again.number_input[0].value == 1


def test_a_montage_shows_the_class_that_was_chosen(artifacts: Settings, open_page: Open) -> None:
    tiles = _tiles(_choose(open_page("visualizer"), "montage", TumorClass.MENINGIOMA))
    assert tiles
    assert all("-me" in tile for tile in tiles)


def test_absent_images_are_explained_and_the_rest_still_shows(
    artifacts: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "none"))
    get_settings.cache_clear()
    app = open_page("visualizer")
    assert not app.exception
    assert "braintumor data fetch" in words(app)
    assert app.get("plotly_chart")


def test_damaged_statistics_read_as_none(artifacts: Settings, open_page: Open) -> None:
    (artifacts.dataset_outputs / "statistics.npz").write_bytes(b"not an archive")
    app = open_page("visualizer")
    assert not app.exception
    assert "braintumor explore" in words(app)


def _tiles(app: AppTest) -> list[str]:
    return [image.alt for element in app.get("image") for image in element.proto.imgs]
