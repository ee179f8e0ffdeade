"""Axe finds no accessibility problem on any page, in both themes and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.helpers.e2e.routes import PAGES, VIEWS
from tests.helpers.e2e.user import DESKTOP, PHONE, User

pytestmark = pytest.mark.slow

# Problems of Streamlit itself, each on one element:
STREAMLIT_PROBLEMS = {
    # the drop zone has a label and a role that hides it; the button within it, which screen readers use, is correct
    "presentation-role-conflict": "[data-testid=stFileUploaderDropzone]",
    # the scroll container of a wide table has no tab stop, though browsers add one since 2024
    "scrollable-region-focusable": "[data-testid=stTable] > div:has(> table)",
}


def find_problems(user: User, location: str) -> list[str]:
    """Return what axe reports about the current page, except problems of Streamlit itself."""
    response = Axe().run(user.page).response
    return [
        f"{location}: {rule['id']}: {rule['help']}: {node['html']}"
        for rule in response["violations"]
        for node in rule["nodes"]
        if not _is_streamlit_problem(user, rule["id"], node["target"][0])
    ]


def _is_streamlit_problem(user: User, rule: str, target: str) -> bool:
    selector = STREAMLIT_PROBLEMS.get(rule)
    matches = "(element, selector) => element.matches(selector)"
    return selector is not None and bool(user.page.locator(target).evaluate(matches, selector))


@pytest.mark.parametrize(
    "user", [(DESKTOP, False), (DESKTOP, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_axe_reports_nothing(user: User) -> None:
    problems = []
    for title in PAGES:
        user.go(title)
        problems += find_problems(user, title)
    user.go("Visualizer")
    for tab, views in VIEWS.items():
        user.open_tab(tab)
        problems += find_problems(user, tab)
        for view in views:
            user.choose(view)
            problems += find_problems(user, f"{tab}, {view}")
    assert problems == []


@pytest.mark.parametrize("user", [(DESKTOP, False)], indirect=True)
def test_axe_reports_a_missing_text_alternative(user: User) -> None:
    user.page.evaluate("document.querySelector('main, [data-testid=stMain]').append(new Image())")
    assert any("image-alt" in line for line in find_problems(user, "Summary"))
    user.page.evaluate("document.querySelector('img:not([src])').remove()")
