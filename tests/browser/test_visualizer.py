"""An analyst's visit to the Visualizer in a real browser: every view, a line drawn, a tile enlarged, files taken."""

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from braintumor.dataset.manifest import read_manifest
from braintumor.exploration.montage import choose
from braintumor.settings import Settings
from tests.browser.withdrawn import is_withdrawn_picture

pytestmark = pytest.mark.slow

DESK: ViewportSize = {"width": 1280, "height": 1000}
PHONE: ViewportSize = {"width": 390, "height": 844}
VIEWS = {
    "Maps": ("Average", "Variability", "Side by side", "Difference", "Effect size", "Tumour atlas", "Profile"),
    "Montage": (),
    "Explorer": ("Distribution", "Scatter", "Grey levels", "Tumours", "Table"),
    "Leakage": (),
}
# What comes last on a tab. Images of a tab that is left before they came are gone, and the browser complains of it.
LAST = {
    "Maps": ".js-plotly-plot",
    "Montage": ".st-key-tile-11 img",
    "Explorer": ".js-plotly-plot, [data-testid=stCode]",
    "Leakage": "h2:has-text('Patients on both sides')",
}
# A busy machine is no bug.
expect.set_options(timeout=30_000)


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh visitor on the Visualizer; afterwards, nothing may have been complained of."""
    size, dark = getattr(request, "param", (DESK, False))
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", accept_downloads=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not is_withdrawn_picture(message):
            complaints.append(f"{message.text} ({message.location.get('url')})")

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # Images of the first page are taken away with it: a browser that still waits for them would complain.
    _settled(page)
    row = page.locator(".st-key-pages") if size == PHONE else page.get_by_role("banner")
    row.get_by_role("link", name="Visualizer", exact=True).click()
    expect(page.get_by_role("heading", name="Visualizer", level=1)).to_be_visible()
    _settled(page)
    yield page
    _settled(page)
    context.close()
    assert complaints == []


def _settled(page: Page) -> None:
    """Wait until the server has run the page to its end and every image has come."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")


def _open(page: Page, tab: str) -> None:
    chosen = page.get_by_role("tab", name=tab)
    chosen.click()
    expect(chosen).to_have_attribute("aria-selected", "true")
    expect(page.locator(LAST[tab]).first).to_be_visible()
    _settled(page)


def _choose(page: Page, option: str) -> None:
    chosen = page.get_by_role("radio", name=option, exact=True).first
    chosen.click()
    expect(chosen).to_be_checked()
    _settled(page)


@pytest.mark.parametrize(
    "page", [(DESK, False), (DESK, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_every_view_can_be_visited(page: Page) -> None:
    for tab, views in VIEWS.items():
        _open(page, tab)
        for view in views:
            _choose(page, view)
            assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_a_line_is_drawn_with_the_pointer(page: Page) -> None:
    _choose(page, "Profile")
    _choose(page, "A stroke")
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
    _settled(page)
    x0, y0, x1, y1 = _ends(page)
    assert x0 < x1
    assert y0 < y1
    assert abs((x1 - x0) - (y1 - y0)) <= 2


def test_two_clicks_set_the_ends_of_a_line(page: Page) -> None:
    _choose(page, "Profile")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    _click_at(page, 0.25, 0.5)
    expect(page.get_by_text("Click where it shall end")).to_be_visible()
    _settled(page)
    start = _ends(page)[:2]
    _click_at(page, 0.75, 0.25)
    expect(page.get_by_text("Click in either picture where the line shall start")).to_be_visible()
    _settled(page)
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


def test_a_click_enlarges_a_tile(page: Page, built: Settings) -> None:
    _open(page, "Montage")
    name = Path(choose(read_manifest(built), 1, 0).iloc[0]["path"]).name
    page.locator(".st-key-tile-0").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    expect(dialog.get_by_role("img", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_montage_is_taken_as_a_picture(page: Page) -> None:
    _open(page, "Montage")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as PNG").click()
    assert waiting.value.suggested_filename == "montage-0.png"
    with Image.open(waiting.value.path()) as picture:
        assert picture.format == "PNG"
        assert picture.width > DESK["width"]


def test_the_manifest_is_taken_as_csv(page: Page, built: Settings) -> None:
    _open(page, "Explorer")
    _choose(page, "Table")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download these rows as CSV").click()
    table = pd.read_csv(io.BytesIO(waiting.value.path().read_bytes()))
    assert table["path"].tolist() == read_manifest(built)["path"].tolist()
