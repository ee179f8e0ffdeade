"""The explanation in words in a real browser: right to left, accessible, and copied as a whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from braintumor.datasets.phantoms import make_phantom
from braintumor.settings import Settings
from tests.e2e.test_accessibility import find_problems
from tests.helpers.e2e.detection_page import choose_language, upload
from tests.helpers.e2e.server import serve_dashboard
from tests.helpers.e2e.user import DESKTOP, PHONE, User, open_dashboard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(chromium: str, built: Settings) -> Iterator[str]:
    with serve_dashboard({"BRAINTUMOR_INPUTS": str(built.inputs), "BRAINTUMOR_OUTPUTS": str(built.outputs)}) as address:
        yield address


@pytest.fixture(params=[(DESKTOP, False), (PHONE, True)], ids=["desktop", "dark-phone"])
def user(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[User]:
    with open_dashboard(browser, address, *request.param) as user:
        user.go("Detection")
        yield user


def test_arabic_explanation_reads_right_to_left_is_accessible_and_can_be_copied(user: User, tmp_path: Path) -> None:
    Image.fromarray(make_phantom("meningioma", 7, 192).pixels).save(tmp_path / "scan.png")
    upload(user, [tmp_path / "scan.png"])
    page = user.page
    choose_language(user, "العربية")
    expect(page.locator(".explanation[lang=ar][dir=rtl]")).to_have_count(2)
    assert find_problems(user, "explanation") == []
    assert "language=ar" in page.url
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy text").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert str(page.evaluate("navigator.clipboard.readText()")).startswith("ما يراه النموذج:")
