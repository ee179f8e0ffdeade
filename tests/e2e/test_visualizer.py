"""The Visualizer in a real browser: every view, a drawn line, an enlarged tile, downloads."""

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
from tests.helpers.e2e.user import DESKTOP, PHONE, User, open_dashboard

pytestmark = pytest.mark.slow


@pytest.fixture
def user(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[User]:
    """A user on the Visualizer."""
    with open_dashboard(browser, address, *getattr(request, "param", ())) as user:
        user.go("Visualizer")
        yield user


@pytest.mark.parametrize(
    "user", [(DESKTOP, False), (DESKTOP, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_every_view_fits(user: User) -> None:
    for tab, views in VIEWS.items():
        user.open_tab(tab)
        assert user.fits()
        for view in views:
            user.choose(view)
            assert user.fits()


def test_line_is_drawn_with_the_pointer(user: User) -> None:
    page = user.page
    user.choose("Profile")
    user.choose("Drag")
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
    user.settle()
    x0, y0, x1, y1 = _ends(page)
    assert x0 < x1
    assert y0 < y1
    assert abs((x1 - x0) - (y1 - y0)) <= 2


def test_two_clicks_set_the_ends_of_a_line(user: User) -> None:
    page = user.page
    user.choose("Profile")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    _click_at(page, 0.25, 0.5)
    expect(page.get_by_text("Click its end")).to_be_visible()
    user.settle()
    start = _ends(page)[:2]
    _click_at(page, 0.75, 0.25)
    expect(page.get_by_text("Click the start of the line on either image")).to_be_visible()
    user.settle()
    x0, y0, x1, y1 = _ends(page)
    assert [x0, y0] == start
    assert x1 > x0 + 50
    assert y1 < y0 - 30


def _click_at(page: Page, across: float, down: float) -> None:
    """Click within the first image, at a fraction of its width and height."""
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box is not None
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y)
    # Plotly handles a click on the point it last hovered, which it updates with a delay.
    expect(page.locator(".js-plotly-plot").first.locator(".hoverlayer .hovertext")).to_have_count(1)
    page.mouse.click(x, y)


def _ends(page: Page) -> list[int]:
    titles = ("Start column", "Start row", "End column", "End row")
    return [int(page.get_by_label(title).input_value()) for title in titles]


def test_click_enlarges_a_tile(user: User, built: Settings) -> None:
    page = user.page
    user.open_tab("Montage")
    name = Path(sample_rows(read_manifest(built), 1, 0).iloc[0]["path"]).name
    page.locator(".st-key-tile-0").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    expect(dialog.get_by_role("img", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_montage_is_downloaded_as_png(user: User) -> None:
    page = user.page
    user.open_tab("Montage")
    with page.expect_download() as event:
        page.get_by_role("button", name="Download as PNG").click()
    assert event.value.suggested_filename == "montage-0.png"
    with Image.open(event.value.path()) as image:
        assert image.format == "PNG"
        assert image.width > DESKTOP["width"]


def test_manifest_is_downloaded_as_csv(user: User, built: Settings) -> None:
    page = user.page
    user.open_tab("Explorer")
    user.choose("Table")
    with page.expect_download() as event:
        page.get_by_role("button", name="Download these rows as CSV").click()
    table = pd.read_csv(io.BytesIO(event.value.path().read_bytes()))
    assert table["path"].tolist() == read_manifest(built)["path"].tolist()
