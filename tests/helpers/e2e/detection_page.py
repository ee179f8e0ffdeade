"""The reading room in Chromium: drop files and wait until all are read, choose a scan, take a download."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.helpers.e2e.user import Visitor

# What the viewport shows: changes with the scan, its overlays, zoom and window.
_DRAWN = "canvas => canvas.toDataURL()"


def drop(visitor: Visitor, files: Sequence[Path]) -> None:
    """Upload files together, and wait until every one of them has been read."""
    visitor.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files)
    expect(visitor.page.get_by_role("option").first).to_be_attached()
    expect(visitor.page.get_by_role("button", name="Stop")).to_have_count(0)
    visitor.settle()


def choose(visitor: Visitor, title: str) -> None:
    """Choose a scan in the list."""
    visitor.page.get_by_role("option").filter(has_text=title).click()
    expect(visitor.page.locator(".main .name")).to_have_text(title)
    visitor.settle()


def picture(visitor: Visitor, pane: int = 0) -> str:
    """What a pane shows now, pixel by pixel."""
    return str(visitor.page.locator(".viewport canvas").nth(pane).evaluate(_DRAWN))


def download(page: Page, label: str) -> tuple[str, Path]:
    """Name and place of what a button of the downloads hands out."""
    button = page.locator(f".st-key-download-{label.lower().replace(',', '').replace(' ', '-')} button")
    if not button.is_visible():
        page.get_by_role("button", name="Downloads").click()
    with page.expect_download() as waiting:
        button.click()
    return waiting.value.suggested_filename, waiting.value.path()
