"""Links restore views, charts download, `?` lists the keys, and unknown addresses say so; under the server's policy."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.helpers.e2e.server import serve_all
from tests.helpers.e2e.user import User, open_dashboard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(chromium: str, environment: dict[str, str]) -> Iterator[str]:
    """Address of the whole server, with its content security policy."""
    with serve_all({**environment, "BRAINTUMOR_ACCOUNTS": "off"}) as (address, _):
        yield address


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[User]:
    """A user whose failed requests are not errors: Streamlit tries two addresses of its server."""
    with open_dashboard(browser, address) as user:
        yield user
        user.errors = [error for error in user.errors if "404" not in error]
        user.failed_requests.clear()


def _open(user: User, address: str) -> None:
    user.is_answer_pending = True
    user.page.goto(address)
    expect(user.page.get_by_role("heading", level=1)).to_be_visible()
    user.settle()


def _checked(user: User) -> list[str]:
    """Return what is chosen on the page, tab and segments."""
    chosen = user.page.locator("[role=tab][aria-selected=true], [role=radio][aria-checked=true], [role=radio]:checked")
    return chosen.evaluate_all("all => all.map(each => each.innerText || each.closest('label').innerText)")


@pytest.mark.parametrize(
    ("title", "tab", "options", "query"),
    [
        ("Visualizer", "Maps", ("Variability", "Pituitary tumour", "Axial"),
         {"map-view": ["Variability"], "map-class": ["Pituitary tumour"], "map-plane": ["Axial"]}),
        ("Performance", "Curves", ("Validation",), {"part": ["Curves"], "curves": ["Validation"]}),
    ],
)  # fmt: skip
def test_reloaded_view_is_the_same(
    title: str, tab: str, options: tuple[str, ...], query: dict[str, list[str]], visitor: User
) -> None:
    visitor.go(title)
    visitor.open_tab(tab)
    for option in options:
        visitor.choose(option)
    chosen, link = _checked(visitor), visitor.page.url
    assert parse_qs(urlsplit(link).query) == query
    assert set(options) <= set(chosen)
    visitor.go("Summary")
    _open(visitor, link)
    assert _checked(visitor) == chosen


def test_chart_is_saved_as_png_svg_and_csv(visitor: User, address: str, tmp_path: Path) -> None:
    _open(visitor, f"{address}/visualizer")
    for name in ("PNG", "SVG", "CSV"):
        visitor.page.get_by_role("button", name="Download").first.click()
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("button", name=name, exact=True).click()
        download.value.save_as(tmp_path / f"map.{name.lower()}")
        visitor.page.keyboard.press("Escape")
    assert Image.open(tmp_path / "map.png").width > 400
    assert "<image" in (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert (tmp_path / "map.csv").read_text(encoding="utf-8-sig").startswith("row,0")


def test_question_mark_lists_keys_but_not_while_typing(visitor: User, address: str) -> None:
    _open(visitor, f"{address}/session_log")
    dialog = visitor.page.get_by_role("dialog", name="Keyboard")
    visitor.page.keyboard.press("?")
    expect(dialog).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    _open(visitor, f"{address}/visualizer?look=Explorer&explorer-view=Table")
    search = visitor.page.get_by_test_id("stTextInputField")
    search.press("?")
    expect(search).to_have_value("?")
    expect(dialog).to_be_hidden()


def test_unknown_address_is_404_with_a_way_back(visitor: User, address: str) -> None:
    assert visitor.page.request.get(f"{address}/perfomance").status == 404
    _open(visitor, f"{address}/perfomance")
    expect(visitor.page.get_by_role("heading", name="Page not found")).to_be_visible()
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    visitor.page.get_by_test_id("stMain").get_by_role("link", name="Summary").last.click()
    expect(visitor.page.get_by_role("heading", name="Brain Tumor Detector", level=1)).to_be_visible()
    visitor.settle()
