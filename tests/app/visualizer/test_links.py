"""A link restores the view of the Visualizer."""

from braintumor.enums import Plane, TumorClass
from braintumor.exploration.statistics import load_statistics
from braintumor.exploration.summaries import summarize_atlas, summarize_profile
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import list_options


def test_link_restores_view_class_and_plane(explored: Settings, open_page: Open) -> None:
    link = {"map-view": "Tumour atlas", "map-class": "Pituitary tumour", "map-plane": "Axial"}
    app = open_page("visualizer", **link)
    assert summarize_atlas(load_statistics(), TumorClass.PITUITARY, Plane.AXIAL) in words(app)
    assert dict(app.query_params) == link
    assert not app.toast


def test_link_restores_the_line_of_a_profile(explored: Settings, open_page: Open) -> None:
    ends = {"line-x0": "5", "line-y0": "6", "line-x1": "40", "line-y1": "50"}
    app = open_page("visualizer", **{"map-view": "Profile"}, **ends)
    pair = [TumorClass.GLIOMA, TumorClass.NOTUMOR]
    assert summarize_profile(load_statistics(), pair, (5, 6), (40, 50)) in words(app)


def test_link_restores_filters_of_the_explorer(explored: Settings, open_page: Open) -> None:
    app = open_page(
        "visualizer",
        **{"look": "Explorer", "explorer-view": "Table", "explorer-plane": "Axial", "explorer-search": "Tr"},
    )
    shown = app.dataframe[0].value
    assert len(shown)
    assert set(shown["plane"]) == {Plane.AXIAL}
    assert app.text_input("explorer-search").value == "Tr"


def test_unknown_values_are_ignored_with_a_sentence(explored: Settings, open_page: Open) -> None:
    app = open_page("visualizer", **{"look": "Nowhere", "map-class": "Oedema", "map-plane": "Axial"})
    assert [each.value for each in app.toast] == [
        'The link asks for tab "Nowhere", which does not exist here. It was ignored.',
        'The link asks for class "Oedema", which does not exist here. It was ignored.',
    ]
    assert "Glioma" in list_options(app, "map-class")
    assert dict(app.query_params) == {"map-plane": "Axial"}
    assert not app.run().toast
