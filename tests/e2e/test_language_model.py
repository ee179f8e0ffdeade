"""A conversation about a result in Chromium: by keyboard, checked, right to left, accessible."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from tests.e2e.test_accessibility import find_problems
from tests.helpers.e2e.detection_page import choose_language, upload
from tests.helpers.e2e.server import serve_dashboard
from tests.helpers.e2e.user import DESKTOP, PHONE, User
from tests.helpers.language.stub import Handler, Stub, run_stub, says

pytestmark = pytest.mark.slow


def _repeats_the_explanation(handler: Handler) -> None:
    system = handler.stub.requests[-1]["messages"][0]["content"]
    says(system.rpartition("EXPLANATION: ")[2].split("\n")[0])(handler)


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    """A language model."""
    with run_stub(_repeats_the_explanation) as stub:
        yield stub


@pytest.fixture(scope="module")
def address(chromium: str, environment: dict[str, str], stub: Stub) -> Iterator[str]:
    """Address of a dashboard with a language model."""
    settings = {"BRAINTUMOR_LANGUAGE_URL": stub.url, "BRAINTUMOR_LANGUAGE_MODEL": "test"}
    with serve_dashboard(environment | settings) as address:
        yield address


@pytest.mark.parametrize(
    ("user", "language"),
    [((DESKTOP, False), "en"), ((PHONE, True), "ar")],
    indirect=["user"],
    ids=["desktop", "phone, dark, right to left"],
)
def test_a_question_is_answered_by_keyboard_without_accessibility_problems(
    user: User, language: str, stub: Stub, tmp_path: Path
) -> None:
    path = tmp_path / "scan.png"
    Image.fromarray(make_phantom(TumorClass.GLIOMA, 4242, 192).pixels).save(path)
    user.go("Detection")
    upload(user, [path])
    if language != "en":
        choose_language(user, "العربية")
    user.page.locator("summary").filter(has_text="Ask about this result").press("Enter")
    stub.behavior = _repeats_the_explanation
    user.page.get_by_label("Your question").fill("What did the model find?")
    user.page.get_by_label("Your question").press("Enter")
    log = user.page.get_by_role("log", name="Conversation")
    expect(log.locator(".answer")).to_have_count(1)
    expect(user.page.get_by_role("button", name="Stop the answer")).to_have_count(0)
    stub.behavior = says("There are 12 tumours <img src=x onerror=alert(1)>.")
    user.page.get_by_role("button", name="Explain in simple words").press("Enter")
    expect(log.locator(".answer")).to_have_count(2)
    expect(user.page.get_by_role("button", name="Stop the answer")).to_have_count(0)
    expect(log.locator("img")).to_have_count(0)
    expect(log).not_to_contain_text("12 tumours")
    assert log.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert find_problems(user, "Detection") == []
    assert user.fits()
