"""Axe finds nothing on any page that is ours, whatever the theme or the screen."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.helpers.e2e.routes import PAGES, VIEWS
from tests.helpers.e2e.user import DESK, PHONE, Visitor, visiting

pytestmark = pytest.mark.slow

# Streamlit's own, each rule on one element of its making:
STREAMLITS = {
    # its drop zone has a label and a role that hides it; the button within, which screen readers reach, is sound
    "presentation-role-conflict": "[data-testid=stFileUploaderDropzone]",
    # what a wide table scrolls in takes no tab stop of its own, though browsers give it one since 2024
    "scrollable-region-focusable": "[data-testid=stTable] > div:has(> table)",
}


@pytest.fixture
def visitor(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    with visiting(browser, address, *request.param) as visitor:
        yield visitor


def found_by_axe(visitor: Visitor, where: str) -> list[str]:
    """What axe finds wrong with what is shown now, less what is Streamlit's."""
    response = Axe().run(visitor.page).response
    return [
        f"{where}: {rule['id']}: {rule['help']}: {node['html']}"
        for rule in response["violations"]
        for node in rule["nodes"]
        if not _is_streamlits(visitor, rule["id"], node["target"][0])
    ]


def _is_streamlits(visitor: Visitor, rule: str, target: str) -> bool:
    known = STREAMLITS.get(rule)
    matches = "(found, known) => found.matches(known)"
    return known is not None and bool(visitor.page.locator(target).evaluate(matches, known))


@pytest.mark.parametrize(
    "visitor", [(DESK, False), (DESK, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_axe_finds_nothing_of_ours(visitor: Visitor) -> None:
    found = []
    for title in PAGES:
        visitor.go(title)
        found += found_by_axe(visitor, title)
    visitor.go("Visualizer")
    for tab, views in VIEWS.items():
        visitor.open_tab(tab)
        found += found_by_axe(visitor, tab)
        for view in views:
            visitor.choose(view)
            found += found_by_axe(visitor, f"{tab}, {view}")
    assert found == []


@pytest.mark.parametrize("visitor", [(DESK, False)], indirect=True)
def test_axe_would_find_what_is_wrong(visitor: Visitor) -> None:
    visitor.page.evaluate("document.querySelector('main, [data-testid=stMain]').append(new Image())")
    assert any("image-alt" in line for line in found_by_axe(visitor, "Summary"))
    visitor.page.evaluate("document.querySelector('img:not([src])').remove()")
