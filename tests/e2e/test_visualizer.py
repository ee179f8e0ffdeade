"""An analyst's visit to the Visualizer in a real browser: every view, a line drawn, a tile enlarged, files taken."""

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from braintumor.datasets.manifest import read_manifest
from braintumor.exploration.montage import sample_rows
from braintumor.settings import Settings
from tests.helpers.e2e.routes import VIEWS
from tests.helpers.e2e.user import DESK, PHONE, Visitor, visiting

pytestmark = pytest.mark.slow


@pytest.fixture
def visitor(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """A fresh visitor on the Visualizer; afterwards, nothing may have been complained of."""
    with visiting(browser, address, *getattr(request, "param", ())) as visitor:
        visitor.go("Visualizer")
        yield visitor


@pytest.mark.parametrize(
    "visitor", [(DESK, False), (DESK, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_every_view_can_be_visited(visitor: Visitor) -> None:
    for tab, views in VIEWS.items():
        visitor.open_tab(tab)
        assert visitor.fits()
        for view in views:
            visitor.choose(view)
            assert visitor.fits()


def test_a_line_is_drawn_with_the_pointer(visitor: Visitor) -> None:
    page = visitor.page
    visitor.choose("Profile")
    visitor.choose("A stroke")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    before = _ends(page)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    for step in range(1, 11):
        share = 0.25 + 0.05 * step
        page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
    page.mouse.up()
    expect(page.get_by_label("Start row")).not_to_have_value(str(before[1]))
    visitor.settle()
    x0, y0, x1, y1 = _ends(page)
    assert x0 < x1
    assert y0 < y1
    assert abs((x1 - x0) - (y1 - y0)) <= 2


def test_two_clicks_set_the_ends_of_a_line(visitor: Visitor) -> None:
    page = visitor.page
    visitor.choose("Profile")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    _click_at(page, 0.25, 0.5)
    expect(page.get_by_text("Click where it shall end")).to_be_visible()
    visitor.settle()
    start = _ends(page)[:2]
    _click_at(page, 0.75, 0.25)
    expect(page.get_by_text("Click in either picture where the line shall start")).to_be_visible()
    visitor.settle()
    x0, y0, x1, y1 = _ends(page)
    assert [x0, y0] == start
    assert x1 > x0 + 50
    assert y1 < y0 - 30


def _click_at(page: Page, across: float, down: float) -> None:
    """Click within the first picture, at a share of its width and height."""
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box is not None
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y)
    # Plotly finds what a click meets by what was pointed at, which it looks up now and then.
    expect(page.locator(".js-plotly-plot").first.locator(".hoverlayer .hovertext")).to_have_count(1)
    page.mouse.click(x, y)


def _ends(page: Page) -> list[int]:
    titles = ("Start column", "Start row", "End column", "End row")
    return [int(page.get_by_label(title).input_value()) for title in titles]


def test_a_click_enlarges_a_tile(visitor: Visitor, built: Settings) -> None:
    page = visitor.page
    visitor.open_tab("Montage")
    name = Path(sample_rows(read_manifest(built), 1, 0).iloc[0]["path"]).name
    page.locator(".st-key-tile-0").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    expect(dialog.get_by_role("img", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_montage_is_taken_as_a_picture(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open_tab("Montage")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as PNG").click()
    assert waiting.value.suggested_filename == "montage-0.png"
    with Image.open(waiting.value.path()) as picture:
        assert picture.format == "PNG"
        assert picture.width > DESK["width"]


def test_the_manifest_is_taken_as_csv(visitor: Visitor, built: Settings) -> None:
    page = visitor.page
    visitor.open_tab("Explorer")
    visitor.choose("Table")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download these rows as CSV").click()
    table = pd.read_csv(io.BytesIO(waiting.value.path().read_bytes()))
    assert table["path"].tolist() == read_manifest(built)["path"].tolist()
