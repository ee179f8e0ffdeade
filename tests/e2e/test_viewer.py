"""The viewer's tools in Chromium: directions, windows, ruler and linked planes of a volume."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_accessibility import find_problems
from tests.helpers.e2e.detection_page import upload, viewport_pixels
from tests.helpers.e2e.user import DESKTOP, PHONE, User
from tests.helpers.scan_files.volumes import SHAPE, make_volume, make_voxels

pytestmark = pytest.mark.slow

SIZE = 2.0  # mm per voxel


def click_at(page: Page, selector: str, across: float, along: float) -> None:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + across * box["width"], box["y"] + along * box["height"])


@pytest.mark.parametrize("user", [(DESKTOP, False), (PHONE, True)], indirect=True, ids=["desktop", "phone"])
def test_tools_of_a_volume(user: User, tmp_path: Path) -> None:
    page, path = user.page, tmp_path / "v.nii"
    path.write_bytes(make_volume(make_voxels(), np.diag([SIZE, SIZE, SIZE, 1.0])))
    user.go("Detection")
    upload(user, [path])
    page.get_by_role("option").filter(has_text="Axial").click()
    user.settle()
    expect(page.locator(".viewport .edge")).to_have_text(["A", "L", "P", "R"])
    planes = page.locator(".plane .caption")
    expect(planes).to_have_count(2)
    before = planes.all_inner_texts()
    page.locator(".viewport").scroll_into_view_if_needed()
    click_at(page, ".viewport canvas", 0.6, 0.4)
    expect(planes.first).not_to_have_text(before[0])
    expect(planes.nth(1)).not_to_have_text(before[1])
    label = page.locator(".slices output").inner_text()
    page.locator(".plane").first.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".slices output")).not_to_have_text(label)
    user.settle()
    page.get_by_role("button", name="Ruler").click()
    expect(page.locator(".length")).to_have_text(f"Length: {0.3 * SHAPE[0] * SIZE:.1f} mm.")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".length")).to_have_text(f"Length: {0.305 * SHAPE[0] * SIZE:.1f} mm.")
    pixels = viewport_pixels(user)
    page.get_by_role("combobox", name="Window").select_option(index=2)
    assert viewport_pixels(user) != pixels
    page.get_by_role("spinbutton", name="Width").fill("1000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Window")).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    viewer = page.locator(".main").evaluate("main => main.scrollWidth <= main.clientWidth + 1")
    assert viewer, "nothing sticks out of the viewer"
    assert find_problems(user, "viewer") == []
    page.get_by_label("Other planes").uncheck()
    expect(page.locator(".planes")).to_be_hidden()
    assert user.errors == []
