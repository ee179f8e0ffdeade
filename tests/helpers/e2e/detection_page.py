"""The Detection page in Chromium: upload files, select a scan, download a file."""

import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.helpers.e2e.user import PATIENCE, User

# Changes with the scan, its overlays, zoom and window.
_READ_PIXELS = "canvas => canvas.toDataURL()"


def worklist_items(page: Page) -> Locator:
    """Find the items of the worklist; the windows in the viewer are options, too."""
    return page.get_by_role("listbox", name="Scans").get_by_role("option")


def upload(user: User, files: Sequence[Path]) -> None:
    """Upload files together and wait until all are read."""
    user.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files)
    expect(worklist_items(user.page).first).to_be_attached()
    expect(user.page.get_by_role("button", name="Stop")).to_have_count(0)
    user.settle()


def select_scan(user: User, title: str) -> None:
    """Select a scan in the worklist."""
    worklist_items(user.page).filter(has_text=title).click()
    expect(user.page.locator(".main .name")).to_have_text(title)
    user.settle()


def choose_language(user: User, name: str) -> None:
    """Open the rest of the explanation and select its language."""
    user.page.get_by_text("More in words").click()
    box = user.page.get_by_role("combobox", name="Language")
    option = user.page.get_by_role("option", name=name)
    box.click()
    deadline = time.monotonic() + PATIENCE
    while not option.is_visible():  # the list closes if the page still scrolls to it
        assert time.monotonic() < deadline, f"there is no {name}"
        user.page.wait_for_timeout(200)
        if box.get_attribute("aria-expanded") == "false":
            box.click()
    option.click()
    user.settle()


def viewport_pixels(user: User, panel: int = 0) -> str:
    """Return the pixels a panel shows now."""
    return str(user.page.locator(".viewport canvas").nth(panel).evaluate(_READ_PIXELS))


def download(page: Page, label: str) -> tuple[str, Path]:
    """Press a download button and return the name and path of the file."""
    button = page.locator(f".st-key-download-{label.lower().replace(',', '').replace(' ', '-')} button")
    if not button.is_visible():
        page.get_by_role("button", name="Downloads").click()
    with page.expect_download() as event:
        button.click()
    return event.value.suggested_filename, event.value.path()
