"""A reader turns and crops a scan in a real browser, with the mouse and with the keyboard."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from braintumor.datasets.phantoms import make_phantom
from tests.e2e.test_accessibility import find_problems
from tests.helpers.e2e.detection_page import upload, viewport_pixels
from tests.helpers.e2e.user import User

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(user: User, tmp_path: Path) -> User:
    """The Detection page with one phantom, twice as wide as high."""
    phantom = make_phantom("glioma", 7, 192).pixels
    path = tmp_path / "wide.png"
    Image.fromarray(np.concatenate([phantom, np.zeros_like(phantom)], axis=1)).save(path)
    user.go("Detection")
    upload(user, [path])
    return user


def edit(user: User, name: str) -> None:
    """Press a button of the edit toolbar and wait until the scan is read again."""
    user.page.locator(".edits").get_by_role("button", name=name, exact=True).click()
    user.settle()


def test_a_reader_turns_a_scan_and_undoes_it(opened: User) -> None:
    original = viewport_pixels(opened)
    undo = opened.page.get_by_role("button", name="Undo", exact=True)
    expect(undo).to_be_disabled()
    edit(opened, "Turn right")
    expect(opened.page.get_by_text("The reader changed the picture before it was read: turned right")).to_be_visible()
    turned = viewport_pixels(opened)
    assert turned != original
    expect(undo).to_be_enabled()
    edit(opened, "Undo")
    expect(opened.page.get_by_text("The reader changed the picture")).to_have_count(0)
    assert viewport_pixels(opened) == original


def test_a_reader_drags_a_box_and_reads_only_this_part(opened: User) -> None:
    page = opened.page
    page.get_by_role("button", name="Crop", exact=True).click()
    expect(page.get_by_role("button", name="Crop", exact=True)).to_have_attribute("aria-pressed", "true")
    canvas = page.locator(".viewport canvas").bounding_box()
    assert canvas is not None
    middle = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.move(canvas["x"] + 2, middle[1] - canvas["width"] / 4 + 4)
    page.mouse.down()
    page.mouse.move(*middle, steps=4)
    page.mouse.move(middle[0], middle[1] + canvas["width"] / 4 - 4, steps=4)
    page.mouse.up()
    assert not find_problems(opened, "crop tool")
    page.get_by_role("button", name="Read this part").click()
    opened.settle()
    expect(page.get_by_text("The reader changed the picture before it was read: cropped.")).to_be_visible()
    expect(page.get_by_role("button", name="Read this part")).to_be_hidden()


def test_a_reader_crops_with_the_keyboard(opened: User) -> None:
    page = opened.page
    page.get_by_role("button", name="Crop", exact=True).click()
    before = viewport_pixels(opened)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert viewport_pixels(opened) != before
    page.get_by_role("button", name="Read this part").click()
    opened.settle()
    expect(page.get_by_text("The reader changed the picture before it was read: cropped.")).to_be_visible()
