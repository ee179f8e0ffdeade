"""Profile view: the line follows numbers, drags and clicks."""

from typing import Any

import pytest

from app_pages.components.visualizer import profile
from braintumor.enums import TumorClass
from braintumor.exploration.statistics import load_statistics
from braintumor.exploration.summaries import (
    summarize_profile,
)
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.visualizer import choose, list_alts, open_view


def test_profile_follows_the_number_inputs(explored: Settings, open_page: Open) -> None:
    app = open_view(open_page, "Profile")
    for title, value in zip(("x0", "y0", "x1", "y1"), (10, 20, 200, 150), strict=True):
        app.number_input(key=f"line-{title}").set_value(value)
    app.run()
    assert not app.exception
    summary = summarize_profile(load_statistics(), [TumorClass.GLIOMA, TumorClass.NOTUMOR], (10, 20), (200, 150))
    assert summary in words(app)
    assert summary in list_alts(app)


def test_drag_sets_the_line_inside_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    drag = {"x": [-4.2, 50.0, 99.6], "y": [3.4, 8.0, 300.0]}
    state = {"image": {"selection": {"lasso": [drag]}}}
    monkeypatch.setattr(profile.st, "session_state", state)
    profile.update_line("image", 100, 80)
    assert [state[f"line-{end}"] for end in ("x0", "y0", "x1", "y1")] == [0, 3, 99, 79]


def test_clicks_set_start_and_end_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {"image": {"selection": {"lasso": [], "points": [{"x": 12, "y": 7}]}}}
    monkeypatch.setattr(profile.st, "session_state", state)
    profile.update_line("image", 100, 80)
    assert [state.get(f"line-{end}") for end in ("x0", "y0", "x1", "y1")] == [12, 7, None, None]
    state["image"]["selection"]["points"] = [{"x": 62, "y": 77}]
    profile.update_line("image", 100, 80)
    assert [state[f"line-{end}"] for end in ("x0", "y0", "x1", "y1")] == [12, 7, 62, 77]
    state["image"]["selection"]["points"] = [{"x": 2, "y": 3}]
    profile.update_line("image", 100, 80)
    assert [state[f"line-{end}"] for end in ("x0", "y0", "x1", "y1")] == [2, 3, 62, 77]


def test_instructions_follow_the_input_method(explored: Settings, open_page: Open) -> None:
    app = open_view(open_page, "Profile")
    assert "Drag on either image" in words(choose(app, "line-by", "Drag"))
    assert "Click the start of the line" in words(choose(app, "line-by", "Two clicks"))
    app.session_state["line-started"] = True
    app.number_input(key="line-x0").set_value(40).run()
    assert "starts at column 40" in words(app)
    assert "Click its end" in words(app)


def test_empty_selection_keeps_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"image": {"selection": {"lasso": []}}}
    monkeypatch.setattr(profile.st, "session_state", state)
    profile.update_line("image", 100, 80)
    assert list(state) == ["image"]
