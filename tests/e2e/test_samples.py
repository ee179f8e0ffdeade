"""From a new server to the verdict on a sample with one click, with the model and samples of the repository alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from braintumor.enums import Verdict
from braintumor.samples import find_sample
from braintumor.text import VERDICT_TITLES
from tests.helpers.e2e.server import serve_all
from tests.helpers.e2e.user import DESKTOP, PHONE, open_dashboard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def new_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with the committed models, without image set and storage."""
    folder = tmp_path_factory.mktemp("new")
    environment = {"BRAINTUMOR_INPUTS": str(folder / "inputs"), "BRAINTUMOR_DATA": str(folder / "data")}
    with serve_all(environment) as (address, _):
        yield address


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_one_click_on_the_first_page_gives_a_verdict(browser: Browser, new_server: str, size: ViewportSize) -> None:
    sample = find_sample("slice-1")
    assert sample is not None
    with open_dashboard(browser, new_server, size) as user:
        user.page.get_by_role("button", name=sample.title, exact=True).click()
        verdict = user.page.get_by_role("heading", name=VERDICT_TITLES[Verdict.TUMOR_SUSPECTED])
        expect(verdict.first).to_be_visible()
        expect(user.page.get_by_text("This is a sample.")).to_be_visible()
        user.settle()
        assert user.fits()
        assert user.failed_requests == []
