"""A visit on a phone: the verdict comes first, nothing is lost on other pages, and leaving asks first."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Dialog, expect

from braintumor.datasets.phantoms import make_phantom
from tests.e2e.test_accessibility import find_problems
from tests.helpers.e2e.detection_page import upload
from tests.helpers.e2e.user import PHONE, User

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("user", [(PHONE, False)], indirect=True)
def test_findings_stay_on_other_pages_and_the_browser_asks_before_they_are_lost(user: User, tmp_path: Path) -> None:
    path, page = tmp_path / "scan.png", user.page
    Image.fromarray(make_phantom("glioma", 7, 192).pixels).save(path)
    user.go("Detection")
    upload(user, [path])
    verdict, picture = page.locator(".st-key-verdict h2"), page.locator(".viewport canvas").first
    verdict_box, picture_box = verdict.bounding_box(), picture.bounding_box()
    assert verdict_box is not None
    assert picture_box is not None
    assert verdict_box["y"] < picture_box["y"]
    assert user.fits()
    comment = page.get_by_role("textbox", name="Comment")
    comment.fill("Seen by two")
    comment.blur()
    user.settle()
    user.go("Session log")
    user.go("Detection")
    expect(comment).to_have_value("Seen by two")
    expect(verdict).to_be_visible()
    assert find_problems(user, "a visit on a phone") == []

    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    user.go("Summary")
    page.on("dialog", leave)
    user.reload()
    assert asked == ["beforeunload"]
