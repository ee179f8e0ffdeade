"""Maps tab: summaries, comparisons and missing statistics."""

import pytest

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.exploration.statistics import load_statistics
from braintumor.exploration.summaries import (
    summarize_atlas,
    summarize_average,
    summarize_difference,
    summarize_effect,
    summarize_variability,
)
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import choose, list_alts, list_options, open_view

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("label", CLASSES)
def test_class_has_computed_summaries(label: TumorClass, explored: Settings, open_page: Open) -> None:
    app = choose(open_view(open_page, "Side by side"), "map-class", label)
    assert summarize_average(load_statistics(), label) in words(app)
    assert summarize_variability(load_statistics(), label) in words(app)


def test_each_map_has_its_summary_as_text_alternative(explored: Settings, open_page: Open) -> None:
    statistics = load_statistics()
    expected = {
        "Average": summarize_average(statistics, TumorClass.GLIOMA),
        "Variability": summarize_variability(statistics, TumorClass.GLIOMA),
        "Difference": summarize_difference(statistics, TumorClass.GLIOMA, TumorClass.NOTUMOR),
        "Effect size": summarize_effect(statistics, TumorClass.GLIOMA, TumorClass.NOTUMOR),
        "Tumour atlas": summarize_atlas(statistics, TumorClass.GLIOMA),
    }
    app = open_page("visualizer")
    for view, summary in expected.items():
        choose(app, "map-view", view)
        assert summary in words(app)
        assert list_alts(app) == [summary]


def test_plane_filters_and_persists_across_views(explored: Settings, open_page: Open) -> None:
    app = choose(open_page("visualizer"), "map-plane", str(Plane.AXIAL))
    assert summarize_average(load_statistics(), TumorClass.GLIOMA, Plane.AXIAL) in words(app)
    assert summarize_variability(load_statistics(), TumorClass.GLIOMA, Plane.AXIAL) in words(
        choose(app, "map-view", "Variability")
    )


def test_any_pair_can_be_compared_and_no_tumor_is_first(explored: Settings, open_page: Open) -> None:
    app = open_view(open_page, "Difference")
    assert list_options(app, "map-other")[0] == TumorClass.NOTUMOR.title
    choose(choose(app, "map-class", TumorClass.NOTUMOR), "map-other", TumorClass.PITUITARY)
    assert summarize_difference(load_statistics(), TumorClass.NOTUMOR, TumorClass.PITUITARY) in words(app)
    choose(app, "map-of", "variability")
    assert summarize_difference(
        load_statistics(), TumorClass.NOTUMOR, TumorClass.PITUITARY, map_name="variability"
    ) in words(app)


def test_class_is_not_compared_with_itself(explored: Settings, open_page: Open) -> None:
    app = choose(
        choose(open_view(open_page, "Difference"), "map-other", TumorClass.PITUITARY), "map-class", TumorClass.PITUITARY
    )
    assert TumorClass.PITUITARY.title not in list_options(app, "map-other")
    assert summarize_difference(load_statistics(), TumorClass.PITUITARY, TumorClass.NOTUMOR) in words(app)


def test_missing_masks_name_the_commands(artifacts: Settings, open_page: Open) -> None:
    text = words(open_view(open_page, "Tumour atlas"))
    assert "braintumor data fetch --masks" in text
    assert "braintumor explore" in text


def test_too_few_groups_are_reported(artifacts: Settings, open_page: Open) -> None:
    assert summarize_effect(load_statistics(), TumorClass.GLIOMA, TumorClass.NOTUMOR) in words(
        open_view(open_page, "Effect size")
    )


def test_damaged_statistics_name_the_command(explored: Settings, open_page: Open) -> None:
    (explored.dataset_outputs / "statistics.npz").write_bytes(b"not an archive")
    app = open_page("visualizer")
    assert not app.exception
    assert "braintumor explore" in words(app)
