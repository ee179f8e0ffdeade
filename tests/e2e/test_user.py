"""The visitor of the journeys waits for what a person would wait for."""

import pytest
from playwright.sync_api import Browser, Error, Route

from tests.helpers.e2e.user import PATIENCE, Visitor, visiting

pytestmark = pytest.mark.slow

# What draws pictures, which Streamlit loads with the first of them.
LATE = "**/ImageList*.js"


def test_settling_waits_for_pictures_whose_drawing_code_is_late(browser: Browser, address: str) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with visiting(browser, address) as visitor:
        page = visitor.page
        page.route(LATE, hold)
        visitor.owed = True
        page.reload()
        page.wait_for_function("document.querySelectorAll('[data-testid=stSkeleton]').length === 4")
        page.set_default_timeout(1500)
        with pytest.raises(Error, match="Timeout"):
            visitor.settle()
        assert (len(held), _pictures(visitor)) == (1, 0)
        page.set_default_timeout(1000 * PATIENCE)
        held.pop().continue_()
        visitor.settle()
        assert _pictures(visitor) == 4


def _pictures(visitor: Visitor) -> int:
    return visitor.page.get_by_test_id("stImage").locator("img").count()
